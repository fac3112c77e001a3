/** Every task that ships learns from its own data, as participants hold them, by federated averaging. */
import { beforeAll, describe, expect, it } from 'vitest';
import { CHARACTERS } from '#shared/data/characters.ts';
import type { Examples } from '#shared/data/examples.ts';
import { TASKS } from '#shared/tasks/catalogue.ts';
import { spamTask } from '#shared/tasks/spam.ts';
import { startBackend } from '#shared/training/backend.ts';
import { nodeWasmFiles } from '../../coordinator/evaluation/wasm-files.ts';
import { prepareData } from '../prepare-data.ts';
import { testExamples, trainExamples } from '../prepare-data/testing.ts';
import { DEMO_RUNS, folderOf, learn, SPEECHES_RUN } from './runs.ts';

/** Of the range that quantization keeps: what is measured here leaves room for other shards and seeds. */
const LARGEST_CHANGE_MAX = 0.5;

/** Arithmetic on a busy machine, not a deadline anybody relies on. */
const PATIENCE = { timeout: 600_000 };

beforeAll(async () => {
  prepareData();
  const started = await startBackend(nodeWasmFiles());
  if (!started.ok) throw new Error(started.fault);
});

describe('a demo run', () => {
  it('there is of every task', () => {
    const ids = [...DEMO_RUNS, SPEECHES_RUN].map(({ task }) => task.id);
    expect(ids.toSorted()).toEqual(TASKS.map(({ id }) => id).toSorted());
  });

  it.each(DEMO_RUNS)('$what', PATIENCE, async (run) => {
    const learned = await learn(run);
    expect(learned.accuracy).toBeGreaterThanOrEqual(run.accuracy);
    // Unbalanced: one mail of three is spam.
    if (run.task === spamTask) expect(learned.detail?.auc).toBeGreaterThan(0.99);
    expect(learned.largestChange).toBeLessThan(LARGEST_CHANGE_MAX);
  });

  it(
    `${SPEECHES_RUN.what}: knows more of the next character than how often pairs are met`,
    PATIENCE,
    async () => {
      const { accuracy, loss, largestChange } = await learn(SPEECHES_RUN);
      const folder = folderOf(SPEECHES_RUN.task);
      const pairs = pairLoss(await trainExamples(folder), testExamples(folder));
      // The counts are of all presidents, the network of three.
      expect(pairs).toBeCloseTo(2.337, 3);
      expect(loss).toBeLessThan(pairs);
      expect(accuracy).toBeGreaterThanOrEqual(SPEECHES_RUN.accuracy);
      expect(largestChange).toBeLessThan(LARGEST_CHANGE_MAX);
    },
  );
});

/** Mean of -ln P(label | the character before), nats; P from `train`, with one added to every count. */
function pairLoss(train: Examples, test: Examples): number {
  const pairs = Array.from({ length: CHARACTERS }, () => new Float64Array(CHARACTERS).fill(1));
  const add = (before: number | undefined, after: number | undefined) => {
    const counts = pairs[before ?? 0];
    if (counts) counts[after ?? 0] = (counts[after ?? 0] ?? 0) + 1;
  };
  const width = train.inputs.length / train.count;
  train.inputs.forEach((character, i) =>
    add(character, (i + 1) % width === 0 ? train.labels[(i + 1) / width - 1] : train.inputs[i + 1]),
  );
  const totals = pairs.map((counts) => counts.reduce((sum, count) => sum + count, 0));
  const losses = Array.from(test.labels, (label, i) => {
    const before = test.inputs[(i + 1) * width - 1] ?? 0;
    return -Math.log((pairs[before]?.[label] ?? 0) / (totals[before] ?? 0));
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / test.count;
}
