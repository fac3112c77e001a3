/** Every task that ships learns from its own data, as participants hold them, by federated averaging. */
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '#shared/training/backend.ts';
import { evaluateInDetail } from '#shared/training/evaluation.ts';
import type { DetailedEvaluation } from '#shared/training/tally.ts';
import { CHARACTERS } from '#shared/data/characters.ts';
import type { Examples } from '#shared/data/examples.ts';
import { mnistCnnTask, mnistSmallCnnTask, mnistSoftmaxTask, mnistTask } from '#shared/tasks/mnist.ts';
import { penguinsLogisticTask, penguinsTask } from '#shared/tasks/penguins.ts';
import { spamTask } from '#shared/tasks/spam.ts';
import { speechesTask } from '#shared/tasks/speeches.ts';
import type { Task } from '#shared/tasks/task.ts';
import { nodeWasmFiles } from '../../coordinator/evaluation/wasm-files.ts';
import { prepareData } from '../prepare-data.ts';
import { testExamples, trainExamples } from '../prepare-data/testing.ts';
import { federate } from './federation.ts';

const SEED = 1;
const demo = fileURLToPath(new URL('../../web/static/demo', import.meta.url));
const folderOf = (task: Task) => `${demo}/${task.data.dataset}`;

interface DemoRun {
  readonly task: Task;
  /** The first `participants` of `of` shards take part. */
  readonly participants: number;
  readonly of: number;
  readonly rounds: number;
  /** The first so many of the test set; all by default. */
  readonly tested?: number;
}

interface Learned extends DetailedEvaluation {
  /** Of any weight in any participant's local training, as a share of what quantization keeps. */
  readonly largestChange: number;
}

async function learn({ task, participants, of, rounds, tested }: DemoRun): Promise<Learned> {
  const folder = folderOf(task);
  const shards = await Promise.all(
    Array.from({ length: participants }, (_, index) => trainExamples(folder, { index, of })),
  );
  const { parameters, largestChange } = await federate({ task, shards, rounds, seed: SEED });
  const { signal } = new AbortController();
  const evaluation = await evaluateInDetail(
    task.model,
    parameters,
    firstOf(testExamples(folder), tested),
    async () => {},
    signal,
  );
  if (evaluation === null) throw new Error('nobody aborts');
  return { ...evaluation, largestChange: largestChange / task.quantization.range };
}

function firstOf({ count, inputs, labels }: Examples, wanted = count): Examples {
  const width = inputs.length / count;
  return { count: wanted, inputs: inputs.subarray(0, wanted * width), labels: labels.subarray(0, wanted) };
}

beforeAll(async () => {
  prepareData();
  const started = await startBackend(nodeWasmFiles());
  if (!started.ok) throw new Error(started.fault);
});

describe('a demo run', () => {
  it.each<[string, DemoRun, number]>([
    ['penguins, three islands, 10 rounds', { task: penguinsTask, participants: 3, of: 3, rounds: 10 }, 0.95],
    [
      'penguins by logistic regression, three islands, 10 rounds',
      { task: penguinsLogisticTask, participants: 3, of: 3, rounds: 10 },
      0.95,
    ],
    ['spam, five fifths, 5 rounds', { task: spamTask, participants: 5, of: 5, rounds: 5 }, 0.97],
    ['digits, 10,000 by five, 8 rounds', { task: mnistTask, participants: 5, of: 30, rounds: 8 }, 0.93],
    [
      'digits by logistic regression, 10,000 by five, 6 rounds',
      { task: mnistSoftmaxTask, participants: 5, of: 30, rounds: 6 },
      0.88,
    ],
    [
      'digits by the small CNN, 3,000 by three, 3 rounds, 2,000 tested',
      { task: mnistSmallCnnTask, participants: 3, of: 60, rounds: 3, tested: 2_000 },
      0.86,
    ],
    [
      'digits by McMahan’s CNN, 1,500 by three, 2 rounds, 2,000 tested',
      { task: mnistCnnTask, participants: 3, of: 120, rounds: 2, tested: 2_000 },
      0.65,
    ],
  ])('%s', async (_title, run, accuracy) => {
    const learned = await learn(run);
    expect(learned.accuracy).toBeGreaterThanOrEqual(accuracy);
    // Unbalanced: one mail of three is spam.
    if (run.task === spamTask) expect(learned.auc).toBeGreaterThan(0.99);
    expect(learned.largestChange).toBeLessThan(1);
  });

  // Arithmetic on a busy machine, not a deadline anybody relies on.
  it(
    'speeches, three of 43 presidents, 4 rounds: knows more of the next character than how often pairs are met',
    { timeout: 400_000 },
    async () => {
      const run = { task: speechesTask, participants: 3, of: 43, rounds: 4 };
      const { loss, largestChange } = await learn(run);
      const folder = folderOf(speechesTask);
      const pairs = pairLoss(await trainExamples(folder), testExamples(folder));
      // The counts are of all presidents, the network of three.
      expect(pairs).toBeCloseTo(2.337, 3);
      expect(loss).toBeLessThan(pairs);
      expect(largestChange).toBeLessThan(1);
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
