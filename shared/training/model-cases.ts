/** Every model that ships, each with its own way of descending and a few examples, for the trainer's tests. */
import { randomInteger, seededRandom } from '../base/random.ts';
import type { Examples } from '../data/examples.ts';
import type { TrainJob } from '../participant/ports.ts';
import { initialParameters } from '../tasks/initial.ts';
import { classesOf, type ModelSpecification } from '../tasks/model.ts';
import {
  bagOfWordsLogistic,
  characterNetwork,
  convolutionalNetwork,
  groupNormNetwork,
  softmaxRegression,
  tabularLogistic,
  tabularNetwork,
  twoLayerNetwork,
} from '../tasks/models.ts';
import { sizeOf } from '../tasks/shapes.ts';
import type { LocalTraining } from '../tasks/task.ts';
import { blobsJob, blobsTask } from './testing.ts';

export interface ModelCase {
  readonly name: string;
  readonly model: ModelSpecification;
  readonly training: LocalTraining;
  /** Of `batchSize`. */
  readonly steps: number;
  /** SHA-256 of the delta on wasm: the same in Node and in a tab, from run to run. */
  readonly deltaSha256: string;
}

const plain = { epochs: 1, batchSize: 8, learningRate: 0.1, optimizer: { kind: 'sgd' } } as const;
const momentum = { kind: 'momentum', momentum: 0.9 } as const;
const adam = { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7 } as const;

/** Layers that no model which ships has, and models that are brought do. */
const averagingNetwork: ModelSpecification = {
  version: 1,
  inputShape: [13, 12, 2],
  layers: [
    { kind: 'conv2d', filters: 4, kernelSize: [3, 3], strides: [1, 1], padding: 'same', activation: 'tanh' },
    { kind: 'averagePool', poolSize: [2, 2], strides: [2, 2], padding: 'same' },
    {
      kind: 'conv2d',
      filters: 3,
      kernelSize: [2, 3],
      strides: [1, 1],
      padding: 'valid',
      activation: 'sigmoid',
    },
    { kind: 'averagePool', poolSize: [6, 4], strides: [1, 1], padding: 'valid' },
    { kind: 'flatten' },
    { kind: 'dense', units: 5, activation: 'tanh' },
    { kind: 'dense', units: 3, activation: 'linear' },
  ],
  loss: 'softmax-cross-entropy',
};

export const MODEL_CASES: readonly ModelCase[] = [
  {
    name: 'softmax regression',
    model: softmaxRegression,
    training: plain,
    steps: 5,
    deltaSha256: '3267835c98c709d58c2f7a510237ecb15c441822cc80f38c3eab63c442e022fe',
  },
  {
    name: '2NN',
    model: twoLayerNetwork,
    training: { ...plain, optimizer: momentum, learningRate: 0.02 },
    steps: 5,
    deltaSha256: 'e6ee5e519166cc2664e9d9888a47ec5079e615ba3b9d0cc2d92c22fb6b868f4b',
  },
  {
    name: 'CNN',
    model: convolutionalNetwork,
    // cpu takes seconds a step.
    training: { ...plain, batchSize: 2, learningRate: 0.05 },
    steps: 5,
    deltaSha256: 'db6e8a9328aba1f0788b48550700dead24b06546e7e91a4a977f8996555e7e43',
  },
  {
    name: 'group-norm CNN',
    model: groupNormNetwork,
    training: { ...plain, clipNorm: 1, fedProx: { mu: 0.1 } },
    steps: 5,
    deltaSha256: '3788fb0689c730678596d6d4f337d05b3314520908305a349b7606b439ded231',
  },
  {
    name: 'tabular logistic',
    model: tabularLogistic(13),
    training: { ...plain, fedProx: { mu: 1 } },
    steps: 5,
    deltaSha256: '4b4fb5228f1dbd2c1c61ee91c2e7c841c9b44ebdd92aef5b481e1cd4826e0958',
  },
  {
    name: 'tabular MLP',
    model: tabularNetwork(9, 3),
    training: { ...plain, optimizer: adam, learningRate: 0.01 },
    steps: 5,
    deltaSha256: '7e1b359b43554cb94623578278806cd81950250655c9db7d1c53325c942ae9ce',
  },
  {
    name: 'bag of words',
    model: bagOfWordsLogistic,
    training: { ...plain, learningRate: 0.01 },
    steps: 5,
    deltaSha256: 'de299daada3984af44b842515f7c36ab67ee0ab936a78fb3cfe89292aa1a1ac8',
  },
  {
    name: 'character GRU',
    model: characterNetwork(20),
    training: { ...plain, optimizer: adam, learningRate: 0.005, clipNorm: 0.5 },
    steps: 5,
    deltaSha256: '49e71cfadb118dd2dd39609a108cf4e85a4b3dfc7183055cb26d79d1dedd4a8b',
  },
  {
    name: 'averaging CNN',
    model: averagingNetwork,
    training: plain,
    steps: 5,
    deltaSha256: '5be56ba4c6da2b1b8413c12ed04efb8d8c307ef86c1a059baf4a95f662de8ac0',
  },
];

export function jobOf(modelCase: ModelCase, changes: Partial<TrainJob> = {}): TrainJob {
  const { model, training, steps } = modelCase;
  return blobsJob({
    task: { ...blobsTask, id: 'case', model, training },
    training,
    parameters: initialParameters(model, 3),
    examples: examplesFor(model, steps * training.batchSize),
    ...changes,
  });
}

/** Inputs that the model takes, half of them 0, in [0, 1) or indices; labels at random; by the model's sizes alone. */
export function examplesFor(model: ModelSpecification, count: number): Examples {
  const width = sizeOf(model.inputShape);
  const random = seededRandom(`examples of ${width}`);
  const words = new Uint16Array(random(2 * count * width).buffer);
  const [first] = model.layers;
  const inputs = Float32Array.from(words, (word) =>
    first?.kind === 'embedding' ? word % first.vocabulary : Math.max(0, word / 2 ** 15 - 1),
  );
  const classes = classesOf(model);
  return { count, inputs, labels: Uint8Array.from({ length: count }, () => randomInteger(random, classes)) };
}
