/** The penguins of three islands, each island a participant: a small network, and the logistic regression. */
import type { ModelSpecification } from './model.ts';
import { tabularNetwork } from './models.ts';
import type { Task } from './task.ts';

/** Four measurements, and one input for each sex (data/penguins). */
const INPUTS = 6;
const SPECIES = 3;

const credit =
  'Palmer Archipelago penguins by Kristen Gorman and the Palmer Station LTER, CC0, from the npm package vega-datasets.';

/** Logistic regression over the species: 3 · (6 + 1) = 21. */
const speciesLogistic: ModelSpecification = {
  version: 1,
  inputShape: [INPUTS],
  layers: [{ kind: 'dense', units: SPECIES, activation: 'linear' }],
  loss: 'softmax-cross-entropy',
};

const common = {
  version: 1,
  data: { kind: 'demo-shards', dataset: 'penguins', credit },
  // The largest island of three has 134 birds.
  weightMax: 150,
} as const satisfies Partial<Task>;

export const penguinsTask: Task = {
  ...common,
  id: 'penguins',
  title: 'Penguins of three islands',
  summary:
    'Learn to tell three species of penguin by beak, flipper, body mass and sex, with a small network. Each of the first three participants has the birds of one island.',
  model: tabularNetwork(INPUTS, SPECIES),
  training: { epochs: 5, batchSize: 16, learningRate: 0.05, optimizer: { kind: 'sgd' } },
  // The largest change of a weight in a round was measured at 0.28 (three islands, ten rounds).
  quantization: { range: 1, bits: 16 },
};

export const penguinsLogisticTask: Task = {
  ...common,
  id: 'penguins-logistic',
  title: 'Penguins of three islands, logistic regression',
  summary:
    'Learn to tell three species of penguin by beak, flipper, body mass and sex, with the smallest of models. Each of the first three participants has the birds of one island.',
  model: speciesLogistic,
  training: { epochs: 5, batchSize: 16, learningRate: 0.05, optimizer: { kind: 'sgd' } },
  // The largest change of a weight in a round was measured at 0.72 (three islands, ten rounds).
  quantization: { range: 2, bits: 16 },
};
