/** A model against the data of a tab, with the tab's real trainer and its real vault. */
import { deleteDB } from 'idb';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ModelHash } from '#shared/base/ids.ts';
import { fail, ok } from '#shared/base/result.ts';
import type { Examples } from '#shared/data/examples.ts';
import { initialParameters } from '#shared/tasks/initial.ts';
import { bytesOfParameters, modelHashOf } from '#shared/tasks/parameters.ts';
import { blobExamples, blobsTask } from '#shared/training/testing.ts';
import type { OwnScore } from './channel.ts';
import { ChunkVault } from './chunk-vault.ts';
import { OwnScoring } from './own-scoring.ts';
import { keptShard } from './tab-ports.ts';
import { tabTrainer } from './tab-trainer.ts';

const bytes = bytesOfParameters(initialParameters(blobsTask.model, 7));
const hash = modelHashOf(bytes);
const owner = { task: blobsTask, shard: { index: 0, of: 1 }, dataKept: true };
const examples = blobExamples(1_200);

/** A scoring of `examples`, and all that it said. */
function scoringOf(
  changes: Partial<ConstructorParameters<typeof OwnScoring>[0]> = {},
  kept: Examples = examples,
) {
  const said: OwnScore[] = [];
  const ports = {
    keptShard: async () => ok(kept),
    model: { fetch: async () => ok(bytes) },
    trainer: async () => tabTrainer,
    ...changes,
  };
  return { scoring: new OwnScoring(ports, (score) => said.push(score)), said };
}

// The backend is tried out first.
describe('a model on own data', { timeout: 60_000 }, () => {
  it('is scored by class over all of them', async () => {
    const { scoring, said } = scoringOf();
    await scoring.start(owner, hash);
    expect(said).toMatchObject([{ kind: 'scoring' }, { kind: 'scored', model: hash, examples: 1_200 }]);
    const last = said.at(-1);
    if (last?.kind !== 'scored') return expect.unreachable();
    const { accuracy, detail } = last.evaluation;
    const counts = detail?.classes ?? [];
    expect(counts).toHaveLength(4);
    expect(counts.reduce((sum, { examples: count }) => sum + count, 0)).toBe(1_200);
    expect(counts.reduce((sum, { right }) => sum + right, 0) / 1_200).toBe(accuracy);
  });

  it('ends after the batch in hand when it is stopped, says no score, and can be asked for again', async () => {
    let batches = 0;
    /** Labels that are looked at once a batch; in the first, the person has enough. */
    class Labels extends Uint8Array {
      static get [Symbol.species]() {
        return Uint8Array;
      }

      override subarray(begin?: number, end?: number) {
        if (++batches === 1) scoring.cancel();
        return super.subarray(begin, end);
      }
    }
    const { scoring, said } = scoringOf({}, { ...examples, labels: new Labels(examples.labels) });
    await scoring.start(owner, hash);
    expect(said).toEqual([{ kind: 'scoring' }, { kind: 'cancelled' }]);
    expect(batches).toBe(1);
    await scoring.start(owner, hash);
    expect(said.at(-1)).toMatchObject({ kind: 'scored', examples: 1_200 });
    expect(batches).toBe(1 + 3);
  });

  it('gives the thread back after each batch', async () => {
    let turns = 0;
    let isRunning = true;
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      turns++;
      if (isRunning) channel.port2.postMessage(null);
    };
    channel.port2.postMessage(null);
    await tabTrainer.start();
    turns = 0;
    const { signal } = new AbortController();
    await tabTrainer.evaluate(blobsTask.model, initialParameters(blobsTask.model, 7), examples, signal);
    isRunning = false;
    channel.port1.close();
    expect(turns).toBeGreaterThanOrEqual(2);
  });

  it.each<[string, Parameters<typeof scoringOf>[0], typeof owner | null, ModelHash, RegExp]>([
    ['no data', {}, { ...owner, dataKept: false }, hash, /no data of yours now\. Take part again/],
    ['nobody taking part', {}, null, hash, /no data of yours now/],
    [
      'data that cannot be read',
      { keptShard: async () => fail({ code: 'unreachable', detail: 'It is gone.' }) },
      owner,
      hash,
      /^Your data could not be read: It is gone\.$/,
    ],
    [
      'a model that cannot be had',
      { model: { fetch: async () => fail({ detail: 'It answered 404.' }) } },
      owner,
      hash,
      /could not be fetched: It answered 404\. Try again\./,
    ],
    ['another model', {}, owner, 'a'.repeat(64) as ModelHash, /not the one that was asked for: .*hash/],
  ])('with %s says so and can be asked for again', async (_what, changes, who, model, words) => {
    const { scoring, said } = scoringOf(changes);
    await scoring.start(who, model);
    expect(said).toEqual([{ kind: 'scoring' }, { kind: 'failed', detail: expect.stringMatching(words) }]);
    await scoring.start(who, model);
    expect(said).toHaveLength(4);
  });

  it('does one at a time', async () => {
    const { scoring, said } = scoringOf();
    await Promise.all([scoring.start(owner, hash), scoring.start(owner, hash)]);
    expect(said.map(({ kind }) => kind)).toEqual(['scoring', 'scored']);
  });
});

describe('the data that a browser keeps', () => {
  const DATABASE = 'chorale-test-scoring';
  beforeEach(() => deleteDB(DATABASE));

  it('are read from it alone: what is not there is a fault, and nothing is put there', async () => {
    const vault = new ChunkVault(DATABASE);
    const shard = await keptShard(
      vault,
      { ...blobsTask, data: { ...blobsTask.data, dataset: 'penguins' } },
      owner.shard,
    );
    expect(shard).toMatchObject({ ok: false, fault: { code: 'unreachable' } });
    expect(await vault.get('penguins/train-000.bin')).toBeUndefined();
  });
});
