/** A small learnable task for the trainer's tests, the same in Node and in a browser. */
import { randomInteger, seededRandom } from '../base/random.ts';
import type { Examples } from '../data/examples.ts';
import type { TrainJob } from '../participant/ports.ts';
import { initialParameters } from '../tasks/initial.ts';
import { mnistTask } from '../tasks/mnist.ts';
import type { Task } from '../tasks/task.ts';

const INPUTS = 24;
const CLASSES = 4;

export const blobsTask: Task = {
  ...mnistTask,
  id: 'blobs',
  model: {
    version: 1,
    inputShape: [INPUTS],
    layers: [
      { kind: 'dense', units: 16, activation: 'relu' },
      { kind: 'dense', units: CLASSES, activation: 'linear' },
    ],
    loss: 'softmax-cross-entropy',
  },
  training: { epochs: 2, batchSize: 16, learningRate: 0.2, optimizer: { kind: 'sgd' } },
};

/** Each class lights its own six inputs, under noise; by seed alone. */
export function blobExamples(count: number): Examples {
  const random = seededRandom('blobs');
  const inputs = new Float32Array(count * INPUTS);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const label = randomInteger(random, CLASSES);
    labels[i] = label;
    for (let j = 0; j < INPUTS; j++) {
      const noise = randomInteger(random, 1_000) / 1_000;
      inputs[i * INPUTS + j] = Math.floor(j / 6) === label ? 0.5 + noise / 2 : noise / 2;
    }
  }
  return { count, inputs, labels };
}

export function blobsJob(changes: Partial<TrainJob> = {}): TrainJob {
  return {
    task: blobsTask,
    training: blobsTask.training,
    parameters: initialParameters(blobsTask.model, 7),
    examples: blobExamples(200),
    shuffleLabel: 'test',
    signal: new AbortController().signal,
    onBatch: () => {},
    ...changes,
  };
}

/** SHA-256 of the delta of `blobsJob()` on wasm: the same in Node and in a tab. */
export const BLOBS_DELTA_SHA256 = '38671646eac321ea0ae57ed80d16abad1186311c78d77a605c28025a6839782b';
