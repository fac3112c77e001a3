/** Layers that a practitioner's model has, as Keras and TF.js write them, and what becomes of each. */
import { describe, expect, it } from 'vitest';
import type { Layer } from '../layers.ts';
import type { Loss } from '../model.ts';
import { bytesOfParameters } from '../parameters.ts';
import { readLayersModel } from './import.ts';

type Keras = readonly [className: string, config: Record<string, unknown>];
type Weight = readonly [name: string, shape: readonly number[]];

/** A sequential model of the layers, the first of which says the shape of an example; its weights 0, 1, 2, … */
function read(
  inputShape: readonly number[],
  layers: readonly Keras[],
  weights: readonly Weight[],
  loss: Loss,
) {
  const file = {
    modelTopology: {
      class_name: 'Sequential',
      config: {
        layers: layers.map(([className, config], index) => ({
          class_name: className,
          config: index === 0 ? { ...config, batch_input_shape: [null, ...inputShape] } : config,
        })),
      },
    },
    weightsManifest: [
      {
        paths: ['w.bin'],
        weights: weights.map(([name, shape]) => ({ name, shape, dtype: 'float32' })),
      },
    ],
  };
  const size = weights.reduce((sum, [, shape]) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const bytes = bytesOfParameters(Float32Array.from({ length: size }, (_, i) => i));
  return readLayersModel({ json: JSON.stringify(file), weights: new Map([['w.bin', bytes]]), loss });
}

/** The layers that became of them, or the sentence. */
function layersOf(
  inputShape: readonly number[],
  layers: readonly Keras[],
  weights: readonly Weight[],
  loss: Loss = 'softmax-cross-entropy',
): readonly Layer[] | string {
  const result = read(inputShape, layers, weights, loss);
  return result.ok ? result.value.model.layers : result.fault;
}

const dense = (units: number, activation: string, name = 'out'): Keras => [
  'Dense',
  { name, units, activation },
];
const denseWeights = (inputs: number, units: number, name = 'out'): Weight[] => [
  [`${name}/kernel`, [inputs, units]],
  [`${name}/bias`, [units]],
];

describe('pictures', () => {
  const convolution: Keras = ['Conv2D', { name: 'c', filters: 2, kernel_size: [3, 3], activation: 'tanh' }];
  const weights: Weight[] = [
    ['c/kernel', [3, 3, 1, 2]],
    ['c/bias', [2]],
  ];

  it.each<[string, Record<string, unknown>, Layer]>([
    ['MaxPooling2D', { pool_size: 2 }, pool('maxPool', [2, 2], [2, 2])],
    [
      'AveragePooling2D',
      { pool_size: [2, 2], strides: [1, 1], padding: 'same' },
      { ...pool('averagePool', [2, 2], [1, 1]), padding: 'same' },
    ],
    ['GlobalMaxPooling2D', { data_format: 'channels_last' }, pool('maxPool', [6, 6], [1, 1])],
    ['GlobalAveragePooling2D', {}, pool('averagePool', [6, 6], [1, 1])],
  ])('%s', (className, config, expected) => {
    const isGlobal = className.startsWith('Global');
    const features = isGlobal ? 2 : expected.kind === 'averagePool' ? 72 : 18;
    const flat: Keras[] = isGlobal ? [] : [['Flatten', { name: 'f' }]];
    expect(
      layersOf(
        [8, 8, 1],
        [convolution, [className, { name: 'p', ...config }], ...flat, dense(3, 'softmax')],
        [...weights, ...denseWeights(features, 3)],
      ),
    ).toEqual([
      {
        kind: 'conv2d',
        filters: 2,
        kernelSize: [3, 3],
        strides: [1, 1],
        padding: 'valid',
        activation: 'tanh',
      },
      expected,
      { kind: 'flatten' },
      { kind: 'dense', units: 3, activation: 'linear' },
    ]);
  });

  function pool(
    kind: 'maxPool' | 'averagePool',
    poolSize: [number, number],
    strides: [number, number],
  ): Layer & { kind: typeof kind } {
    return { kind, poolSize, strides, padding: 'valid' };
  }
});

describe('texts and series', () => {
  it('are convolved and pooled as pictures of one column', () => {
    const result = read(
      [10],
      [
        ['Embedding', { name: 'e', input_dim: 5, output_dim: 3 }],
        [
          'Conv1D',
          { name: 'c', filters: 4, kernel_size: [3], strides: [1], activation: 'relu', dilation_rate: [1] },
        ],
        ['MaxPooling1D', { name: 'm', pool_size: [2], strides: [2] }],
        ['GlobalAveragePooling1D', { name: 'g' }],
        dense(2, 'softmax'),
      ],
      [['e/embeddings', [5, 3]], ['c/kernel', [3, 3, 4]], ['c/bias', [4]], ...denseWeights(4, 2)],
      'softmax-cross-entropy',
    );
    expect(result.ok ? result.value.model.layers : result.fault).toEqual([
      { kind: 'embedding', vocabulary: 5, units: 3 },
      { kind: 'reshape', shape: [10, 1, 3] },
      {
        kind: 'conv2d',
        filters: 4,
        kernelSize: [3, 1],
        strides: [1, 1],
        padding: 'valid',
        activation: 'relu',
      },
      { kind: 'reshape', shape: [8, 4] },
      { kind: 'reshape', shape: [8, 1, 4] },
      { kind: 'maxPool', poolSize: [2, 1], strides: [2, 1], padding: 'valid' },
      { kind: 'reshape', shape: [4, 4] },
      { kind: 'reshape', shape: [4, 1, 4] },
      { kind: 'averagePool', poolSize: [4, 1], strides: [1, 1], padding: 'valid' },
      { kind: 'flatten' },
      { kind: 'dense', units: 2, activation: 'linear' },
    ]);
    // In the same order: the file lists its weights as the layout does.
    expect(result.ok && result.value.parameters.every((value, i) => value === i)).toBe(true);
  });

  it('a convolution of one axis on a row of numbers is refused', () => {
    expect(layersOf([10], [['Conv1D', { name: 'c', filters: 4, kernel_size: 3 }]], [])).toBe(
      'Layer "c" (Conv1D): it takes [length, features]; it is given [10].',
    );
  });
});

describe('activations as layers of their own', () => {
  it('go to the sums before them, through what only lays numbers out anew', () => {
    expect(
      layersOf(
        [4, 1],
        [
          ['Conv1D', { name: 'c', filters: 2, kernel_size: 1 }],
          ['ReLU', { name: 'r', max_value: null }],
          ['Flatten', { name: 'f' }],
          ['Activation', { name: 'l', activation: 'linear' }],
          dense(3, 'linear', 'hidden'),
          ['Activation', { name: 't', activation: 'sigmoid' }],
          ['Dropout', { name: 'd', rate: 0 }],
          dense(2, 'linear'),
          ['Softmax', { name: 's', axis: -1 }],
        ],
        [['c/kernel', [1, 1, 2]], ['c/bias', [2]], ...denseWeights(8, 3, 'hidden'), ...denseWeights(3, 2)],
      ),
    ).toMatchObject([
      { kind: 'reshape' },
      { kind: 'conv2d', activation: 'relu' },
      { kind: 'reshape' },
      { kind: 'flatten' },
      { kind: 'dense', activation: 'sigmoid' },
      { kind: 'dense', activation: 'linear' },
    ]);
  });

  it.each<[string, string, Loss, string | RegExp]>([
    ['softmax', 'is the categorical loss’s', 'softmax-cross-entropy', 'linear'],
    [
      'softmax',
      'does not fit another',
      'mse',
      /ends the model with softmax, which does not fit the loss mse/,
    ],
    ['sigmoid', 'is the binary loss’s', 'sigmoid-cross-entropy', 'linear'],
    ['sigmoid', 'stays where a number is learnt', 'mse', 'sigmoid'],
    ['sigmoid', 'does not fit classes', 'softmax-cross-entropy', /Choose the loss sigmoid-cross-entropy/],
    ['tanh', 'stays', 'mse', 'tanh'],
  ])('%s at the end %s', (activation, _what, loss, expected) => {
    const units = loss === 'softmax-cross-entropy' ? 2 : 1;
    const layers = layersOf([3], [dense(units, activation)], denseWeights(3, units), loss);
    if (typeof expected === 'string') expect(layers).toMatchObject([{ kind: 'dense', activation: expected }]);
    else expect(layers).toMatch(expected);
  });

  it('probabilities within the model are refused', () => {
    expect(
      layersOf([3], [dense(2, 'softmax', 'hidden'), dense(2, 'softmax')], denseWeights(3, 2, 'hidden')),
    ).toMatch(/^Layer "hidden" \(Dense\): activation: "softmax" is known at the end of a model alone/);
  });
});

it('a reshape may leave one length open', () => {
  expect(
    layersOf(
      [6],
      [['Reshape', { name: 'r', target_shape: [2, -1] }], ['Flatten', {}], dense(2, 'softmax')],
      denseWeights(6, 2),
    ),
  ).toMatchObject([{ kind: 'reshape', shape: [2, 3] }, { kind: 'flatten' }, { kind: 'dense' }]);
  expect(layersOf([6], [['Reshape', { name: 'r', target_shape: [4, -1] }]], [])).toMatch(
    /^Layer "r" \(Reshape\): shape\.1: an integer/,
  );
});

it.each<[string, Keras, RegExp]>([
  [
    'a GRU as Keras makes it',
    ['GRU', { name: 'g', units: 2, recurrent_activation: 'sigmoid', reset_after: true }],
    /make it with reset_after=False/,
  ],
  ['an LSTM', ['LSTM', { name: 'l', units: 2 }], /"l" \(LSTM\) is not supported\. A GRU takes its place/],
  ['a wide window', ['GlobalMaxPooling1D', { name: 'g' }], /poolSize\.0: at most 64/],
  [
    'steps between the points of a window',
    ['Conv1D', { name: 'c', filters: 1, kernel_size: 2, dilation_rate: 2 }],
    /dilation_rate: only 1/,
  ],
  ['a bounded ReLU', ['ReLU', { name: 'r', max_value: 6 }], /max_value: a ReLU has no greatest value/],
])('%s is refused by name', (_what, layer, sentence) => {
  expect(layersOf([100, 1], [layer], [])).toMatch(sentence);
});

it('more layers than a specification has are refused', () => {
  const many = Array.from({ length: 40 }, (_, i): Keras => ['Flatten', { name: `f${i}` }]);
  expect(layersOf([4], [...many, dense(2, 'softmax')], denseWeights(4, 2))).toMatch(/at most 32 layers/);
});

it('more parameters than a run can train are refused before anything is made of them', () => {
  expect(layersOf([60_000], [dense(60_000, 'relu', 'wide'), dense(1, 'linear')], [], 'mse')).toMatch(
    /3,600,120,001 parameters, more than the 8,388,608/,
  );
});
