/** What a tab says of its own update, trained by the real trainer at learning rates that break it. */
import { beforeAll, describe, expect, it } from 'vitest';
import { ok } from '../base/result.ts';
import { checkedPrivacy } from '../privacy/settings.ts';
import type { NoiseMode } from '../privacy/mechanism-parameters.ts';
import type { Offer } from '../protocol/messages/directions.ts';
import { vectorWordsOf } from '../round/vector.ts';
import { parameterCount } from '../tasks/layout.ts';
import type { Task } from '../tasks/task.ts';
import { startKernels } from '../training/kernels/testing.ts';
import { blobExamples, blobsTask } from '../training/testing.ts';
import { trainLocally } from '../training/trainer.ts';
import { fateInWords } from './own-update.ts';
import type { TrainerPort, TrainFault } from './ports.ts';
import { offerOf, settle, signedOffer, waitingTab, type TestTab } from './testing.ts';

beforeAll(startKernels);

const task: Task = { ...blobsTask, weightMax: 1_000 };
/** Squares of squares: what is too large grows with every step, until it is no number. */
const lineTask: Task = {
  ...task,
  model: {
    ...task.model,
    layers: [{ kind: 'dense', units: 1, activation: 'linear' }],
    loss: 'mse',
  },
};
const examples = blobExamples(200);

/** An offer of the task at a learning rate that it may not be made for. */
function offerAt(
  learningRate: number,
  mode: NoiseMode = 'none',
  changes: Partial<Offer> = {},
  learnt = task,
): Offer {
  const parameters = parameterCount(learnt.model);
  const run = { clients: 4, rounds: 1, minSurvivors: 3, accomplices: 1, parameters, lanes: [] };
  const checked = checkedPrivacy(
    mode === 'none' ? { mode } : { mode, clipNorm: 1, bits: 20, epsilon: 8, delta: 1e-5 },
    run,
  );
  if (!checked.ok) return expect.unreachable(JSON.stringify(checked.fault));
  const privacy = checked.value;
  return offerOf(
    {
      training: { ...learnt.training, learningRate },
      privacy,
      vectorWords: vectorWordsOf(privacy, parameters),
      ...changes,
    },
    learnt,
  );
}

interface Trained {
  readonly tab: TestTab;
  /** What the page shows of it, in the round or of how it ended. */
  readonly note: string | null;
  readonly ended: string | null;
}

/** A tab that has taken the offer and trained for it with the real trainer. */
async function trainedFor(offer: Offer, learnt = task): Promise<Trained> {
  const trainings: ReturnType<TrainerPort['train']>[] = [];
  const trainer: TrainerPort = {
    start: async () => ok('wasm'),
    train: (job) => {
      const training = trainLocally(job);
      trainings.push(training);
      return training;
    },
  };
  const data = { load: async () => ok(examples), deleteAll: async () => {} };
  const tab = await waitingTab({ trainer, data }, learnt);
  await tab.socket.deliver(await signedOffer(offer));
  expect(trainings).toHaveLength(1);
  await trainings[0];
  await settle();
  const { status, rounds } = tab.view;
  const note = status.kind === 'in-round' ? status.progress.note : (rounds.at(-1)?.note ?? null);
  return { tab, note, ended: rounds.at(-1)?.detail ?? null };
}

/** The round goes on: under noise nobody drops out because of what it learnt. */
const goesOn = ['hello', 'ready', 'accept', 'advertise'];
const withoutProgress = ({ socket }: TestTab) => socket.kinds.filter((kind) => kind !== 'progress');

describe('without noise', () => {
  it('a loss that is not a number any more: the page says where, and the tab declines with no more than that', async () => {
    const { tab, note, ended } = await trainedFor(offerAt(100, 'none', {}, lineTask), lineTask);
    expect(note).toMatch(
      /^The loss (stopped being a number|became infinite) at batch \d+ of epoch 1\. Nothing of this update left this tab\. A smaller learning rate usually helps; the admin sets it\.$/,
    );
    expect(ended).toBe('This tab sat the round out: training gave nothing that can be sent.');
    expect(withoutProgress(tab)).toEqual(['hello', 'ready', 'accept', 'decline']);
    const { sid, ...decline } = tab.socket.last('decline');
    expect(decline).toEqual({ kind: 'decline', reason: 'training-failed' });
    expect(sid).toHaveLength(32);
  });

  it('an update that explodes, though every number is finite', async () => {
    const { tab, note } = await trainedFor(offerAt(10));
    expect(note).toMatch(
      /^The update exploded: a weight changed by \d[\d.]*, and this run carries changes up to 1\. Nothing of this update left this tab\./,
    );
    expect(withoutProgress(tab).at(-1)).toBe('decline');
  });

  it('an update that is a little beyond what the run carries is cut, and says so', async () => {
    const quantization = { range: 0.2, bits: 16 };
    const { tab, note } = await trainedFor(offerAt(0.2, 'none', { quantization }));
    expect(note).toMatch(/^\d+ of this update’s 468 numbers were beyond ±0\.2, the most this run carries/);
    expect(withoutProgress(tab)).toEqual(goesOn);
  });

  it('more examples than the run counts', async () => {
    const { note } = await trainedFor(offerAt(0.2, 'none', { weightMax: 199 }));
    expect(note).toMatch(
      /^This tab has 200 examples; this run counts at most 199 of one participant\. .* Look whether your data/,
    );
  });

  it('a backend that breaks', async () => {
    const fault: TrainFault = { code: 'backend', detail: 'No backend trains on this device.' };
    expect(fateInWords({ kind: 'failed', fault }, 'none')).toMatch(/^No backend .* choose another backend/);
    expect(
      fateInWords({ kind: 'failed', fault: { code: 'cancelled', detail: 'Training was stopped.' } }, 'none'),
    ).toBeNull();
  });

  it('an ordinary update says nothing', async () => {
    const { tab, note } = await trainedFor(offerAt(0.2));
    expect(note).toBeNull();
    expect(withoutProgress(tab)).toEqual(goesOn);
  });
});

describe.each(['distributed', 'central', 'local'] as const)('under noise, mode %s', (mode) => {
  it('a loss that is not a number any more: zeros go on in its place, and the page says so', async () => {
    const { tab, note } = await trainedFor(offerAt(100, mode, {}, lineTask), lineTask);
    const zeros = {
      distributed: 'zeros with this tab’s share of the noise',
      central: 'zeros, masked like any update',
      local: 'zeros with this tab’s noise',
    };
    expect(note).toMatch(/^The loss .* at batch \d+ of epoch 1\. Nothing of this update leaves this tab\./);
    expect(note).toContain(`In its place go ${zeros[mode]}, so that nobody can tell.`);
    expect(withoutProgress(tab)).toEqual(goesOn);
  });

  it('an update that is longer than the clip is shortened, and says by how much', async () => {
    const { tab, note } = await trainedFor(offerAt(5, mode));
    expect(note).toMatch(/^This update was \d+(\.\d+)? times as long as the run allows, and was shortened/);
    expect(withoutProgress(tab)).toEqual(goesOn);
  });

  it('an update within the clip says nothing', async () => {
    expect((await trainedFor(offerAt(0.001, mode))).note).toBeNull();
  });
});
