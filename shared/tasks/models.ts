/** Models that ship, from the smallest to the most demanding, with their parameter counts. */
import { CHARACTERS } from '../data/characters.ts';
import { WORD_BUCKETS } from '../data/text.ts';
import type { Layer } from './layers.ts';
import type { ModelSpecification } from './model.ts';

/** Logistic regression over the classes: 10 · (784 + 1) = 7,850. */
export const softmaxRegression: ModelSpecification = {
  version: 1,
  inputShape: [784],
  layers: [{ kind: 'dense', units: 10, activation: 'linear' }],
  loss: 'softmax-cross-entropy',
};

/** McMahan et al. 2017's 2NN: 199,210. */
export const twoLayerNetwork: ModelSpecification = {
  version: 1,
  inputShape: [784],
  layers: [
    { kind: 'dense', units: 200, activation: 'relu' },
    { kind: 'dense', units: 200, activation: 'relu' },
    { kind: 'dense', units: 10, activation: 'linear' },
  ],
  loss: 'softmax-cross-entropy',
};

/** Square windows of `side`, every position of the image. */
const convolution = (filters: number, side: number, activation: 'relu' | 'linear'): Layer => ({
  kind: 'conv2d',
  filters,
  kernelSize: [side, side],
  strides: [1, 1],
  padding: 'same',
  activation,
});

/** Half the height and width. */
const half: Layer = { kind: 'maxPool', poolSize: [2, 2], strides: [2, 2], padding: 'same' };

/** McMahan et al. 2017's CNN, with biases and "same" padding: 1,663,370. */
export const convolutionalNetwork: ModelSpecification = {
  version: 1,
  inputShape: [28, 28, 1],
  layers: [
    convolution(32, 5, 'relu'),
    half,
    convolution(64, 5, 'relu'),
    half,
    { kind: 'flatten' },
    { kind: 'dense', units: 512, activation: 'relu' },
    { kind: 'dense', units: 10, activation: 'linear' },
  ],
  loss: 'softmax-cross-entropy',
};

/** A CNN a phone trains, normalised without statistics of anybody's data: 20,586. */
export const groupNormNetwork: ModelSpecification = {
  version: 1,
  inputShape: [28, 28, 1],
  layers: [
    convolution(16, 3, 'linear'),
    { kind: 'groupNorm', groups: 4, activation: 'relu' },
    half,
    convolution(32, 3, 'linear'),
    { kind: 'groupNorm', groups: 4, activation: 'relu' },
    half,
    { kind: 'flatten' },
    { kind: 'dropout', rate: 0.25 },
    { kind: 'dense', units: 10, activation: 'linear' },
  ],
  loss: 'softmax-cross-entropy',
};

/** Logistic regression of yes or no on a row of a table: inputs + 1. */
export const tabularLogistic = (inputs: number): ModelSpecification => ({
  version: 1,
  inputShape: [inputs],
  layers: [{ kind: 'dense', units: 1, activation: 'linear' }],
  loss: 'sigmoid-cross-entropy',
});

/** Two hidden layers of 32 on a row of a table: 32 · (inputs + 1) + 1,056 + 33 · classes. */
export const tabularNetwork = (inputs: number, classes: number): ModelSpecification => ({
  version: 1,
  inputShape: [inputs],
  layers: [
    { kind: 'dense', units: 32, activation: 'relu' },
    { kind: 'dense', units: 32, activation: 'relu' },
    { kind: 'dense', units: classes, activation: 'linear' },
  ],
  loss: 'softmax-cross-entropy',
});

/** Logistic regression of yes or no on the hashed words of a text (data/text): 4,097. */
export const bagOfWordsLogistic: ModelSpecification = tabularLogistic(WORD_BUCKETS);

/**
 * The next character of a text from those before it (data/characters): an embedding of 16 and a GRU of 128, with
 * 50 characters 62,930 whatever the length.
 */
export const characterNetwork = (length: number): ModelSpecification => ({
  version: 1,
  inputShape: [length],
  layers: [
    { kind: 'embedding', vocabulary: CHARACTERS, units: 16 },
    { kind: 'gru', units: 128 },
    { kind: 'dense', units: CHARACTERS, activation: 'linear' },
  ],
  loss: 'softmax-cross-entropy',
});
