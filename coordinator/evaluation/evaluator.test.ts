import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DatasetManifest } from '#shared/data/manifest.ts';
import { mnistTask } from '#shared/tasks/mnist.ts';
import type { Task } from '#shared/tasks/task.ts';
import { createEvaluator, type Evaluator } from './evaluator.ts';

/** One layer of two inputs and two classes: kernel [[1, 0], [0, 1]] · `scale`, no bias. */
const task: Task = {
  ...mnistTask,
  model: {
    version: 1,
    inputShape: [2],
    layers: [{ kind: 'dense', units: 2, activation: 'linear' }],
    loss: 'softmax-cross-entropy',
  },
};
const parameters = (scale: number) => Float32Array.of(scale, 0, 0, scale, 0, 0);

/** Inputs (1,0), (0,1), (0,1), (1,0) with labels 0, 1, 1, 1: the last is what the kernel gets wrong. */
const TEST = Uint8Array.of(255, 0, 0, 255, 0, 255, 255, 0, 0, 1, 1, 1);

let dataFolder: string;
let evaluator: Evaluator;

/** `bytes` as the test set, under the hash of `promised`. */
function publish(bytes: Uint8Array, promised = TEST, changes: Partial<DatasetManifest> = {}): void {
  const test = { file: 'test.bin', examples: 4, sha256: createHash('sha256').update(promised).digest('hex') };
  const manifest: DatasetManifest = {
    version: 1,
    dataset: 'mnist',
    inputBytes: 2,
    classes: 2,
    train: [test],
    test,
    ...changes,
  };
  mkdirSync(join(dataFolder, manifest.dataset), { recursive: true });
  writeFileSync(join(dataFolder, manifest.dataset, 'test.bin'), bytes);
  writeFileSync(join(dataFolder, manifest.dataset, 'manifest.json'), JSON.stringify(manifest));
}

beforeEach(() => {
  dataFolder = mkdtempSync(join(tmpdir(), 'chorale-evaluation-'));
  evaluator = createEvaluator({ task, dataFolder });
});

afterEach(async () => {
  await evaluator.close();
  rmSync(dataFolder, { recursive: true });
});

/** Cross-entropy of a right and of a wrong answer where the logits differ by `scale`. */
const losses = (scale: number) => [Math.log1p(Math.exp(-scale)), Math.log1p(Math.exp(scale))] as const;

// Each thread loads tfjs anew.
describe('the evaluation', { timeout: 60_000 }, () => {
  it('gives the accuracy and the mean loss of each model asked for', async () => {
    publish(TEST);
    const [two, minus] = await Promise.all([
      evaluator.evaluate(parameters(2)),
      evaluator.evaluate(parameters(-1)),
    ]);
    const [right, wrong] = losses(2);
    expect(two.accuracy).toBe(0.75);
    expect(two.detail).toEqual({
      classes: [
        { examples: 1, predicted: 2, right: 1 },
        { examples: 3, predicted: 2, right: 2 },
      ],
      confusion: { label: 1, predicted: 0, count: 1 },
      // The one that is wrong ties with the only example of class 0; two of three pairs are in order.
      auc: (2 + 0.5) / 3,
    });
    expect(two.loss).toBeCloseTo((3 * right + wrong) / 4, 5);
    const [less, more] = losses(1);
    expect(minus.accuracy).toBe(0.25);
    expect(minus.loss).toBeCloseTo((less + 3 * more) / 4, 5);
  });

  it.each<[NonNullable<DatasetManifest['encoding']>, Uint8Array]>([
    ['float32', new Uint8Array(Float32Array.of(-1, -2, 0, 3, -1, 0, 5, 4).buffer)],
    ['indices', Uint8Array.of(0, 1, 0, 7, 1, 2, 9, 8)],
  ])('reads the bytes of a test set as its manifest says: %s', async (encoding, inputs) => {
    const bytes = Uint8Array.from([...inputs, 1, 1, 1, 1]);
    const dataset = 'penguins';
    publish(bytes, bytes, { dataset, encoding, inputBytes: inputs.length / 4 });
    await evaluator.close();
    evaluator = createEvaluator({ task: { ...task, data: { ...task.data, dataset } }, dataFolder });
    // Three of four have a greater second input, as their label says.
    const { accuracy } = await evaluator.evaluate(parameters(1));
    expect(accuracy).toBe(encoding === 'float32' ? 0.5 : 0.75);
  });

  it('does not judge a model by a test set that it does not take', async () => {
    publish(TEST);
    await evaluator.close();
    const model = { ...task.model, inputShape: [3] };
    evaluator = createEvaluator({ task: { ...task, model }, dataFolder });
    const three = new Float32Array(8);
    await expect(evaluator.evaluate(three)).rejects.toThrow(/takes 3 numbers an example, the data have 2/);
  });

  it('without a test set says how to make it, and works as soon as it is there', async () => {
    await expect(evaluator.evaluate(parameters(1))).rejects.toThrow(/stopped: the test set .*prepare-data/);
    publish(TEST);
    expect((await evaluator.evaluate(parameters(1))).accuracy).toBe(0.75);
  });

  it('refuses a test set that is not the published one', async () => {
    publish(TEST.with(0, 254));
    await expect(evaluator.evaluate(parameters(1))).rejects.toThrow(/test\.bin .*its hash differs/);
  });

  it('a thread that a request breaks rejects what it had in hand, and the next call starts another', async () => {
    publish(TEST);
    const cutShort = evaluator.evaluate(parameters(1).subarray(0, 3));
    const behind = evaluator.evaluate(parameters(1));
    await expect(cutShort).rejects.toThrow(/The evaluation stopped: .*4 values but has 3/);
    await expect(behind).rejects.toThrow(/The evaluation stopped: ./);
    expect((await evaluator.evaluate(parameters(1))).accuracy).toBe(0.75);
  });

  it('a thread that ends without a word is no endless wait', async () => {
    publish(TEST);
    process.once('worker', (thread) => void thread.terminate());
    await expect(evaluator.evaluate(parameters(1))).rejects.toThrow(/stopped: its thread ended with code \d/);
    expect((await evaluator.evaluate(parameters(1))).accuracy).toBe(0.75);
  });

  it('that is closed leaves nobody waiting and starts no thread again', async () => {
    publish(TEST);
    const waiting = evaluator.evaluate(parameters(1));
    await Promise.all([expect(waiting).rejects.toThrow(/closed/), evaluator.close()]);
    await expect(evaluator.evaluate(parameters(1))).rejects.toThrow(/closed/);
  });
});
