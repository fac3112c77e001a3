/** Each layer and loss against an independent computation, and all of their gradients against finite differences. */
import * as tf from '@tensorflow/tfjs-core';
import { layers as stock } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { initialParameters } from '../tasks/initial.ts';
import { parameterCount } from '../tasks/layout.ts';
import { readModel, type ModelSpecification } from '../tasks/model.ts';
import { buildModel, type BuiltModel } from './build.ts';
import { dropout } from './dropout.ts';
import { groupNorm } from './group-norm.ts';
import { gru } from './gru.ts';
import { operand, startKernels } from './kernels/testing.ts';
import { lossOf } from './losses.ts';
import { examplesFor } from './model-cases.ts';

beforeAll(startKernels);

const tensorOf = (label: string, shape: number[]) => tf.tensor(operand(label, shape).values, shape);

/** The largest difference between two lists of the same length. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual).toHaveLength(expected.length);
  return Math.max(...Array.from(actual, (value, i) => Math.abs(value - (expected[i] ?? Number.NaN))));
}

describe('the GRU', () => {
  it('is that of tfjs-layers, whose tensors are laid out as ours', () => {
    const [units, features] = [5, 3];
    const x = tensorOf('x', [4, 7, features]) as tf.Tensor3D;
    const kernel = tensorOf('kernel', [features, 3 * units]) as tf.Tensor2D;
    const recurrentKernel = tensorOf('recurrent', [units, 3 * units]) as tf.Tensor2D;
    const bias = tensorOf('bias', [3 * units]) as tf.Tensor1D;
    const layer = stock.gru({
      units,
      recurrentActivation: 'sigmoid',
      recurrentInitializer: 'zeros',
    });
    // Makes its weights.
    layer.apply(x);
    layer.setWeights([kernel, recurrentKernel, bias]);
    const expected = layer.apply(x) as tf.Tensor;
    const ours = gru(x, { kernel, recurrentKernel, bias });
    expect(ours.shape).toEqual([4, units]);
    expect(difference(ours.dataSync(), expected.dataSync())).toBeLessThan(1e-6);
  });
});

describe('group norm', () => {
  it('brings each example’s group to mean 0 and variance 1, then scales and offsets each channel', () => {
    const [batch, height, width, channels, groups] = [2, 3, 4, 6, 2];
    const { values } = operand('image', [batch, height, width, channels]);
    const scale = [1, 2, 3, -1, 0.5, 0];
    const offset = [0, 1, 0, 0.25, 0, 7];
    const expected = Float32Array.from(values);
    for (let example = 0; example < batch; example++)
      for (let group = 0; group < groups; group++) {
        const members = [...expected.keys()].filter(
          (i) =>
            Math.floor(i / (height * width * channels)) === example &&
            Math.floor((i % channels) / (channels / groups)) === group,
        );
        expect(members).toHaveLength(height * width * 3);
        const mean = members.reduce((sum, i) => sum + (values[i] ?? 0), 0) / members.length;
        const variance = members.reduce((sum, i) => sum + ((values[i] ?? 0) - mean) ** 2, 0) / members.length;
        for (const i of members) {
          const normal = ((values[i] ?? 0) - mean) / Math.sqrt(variance + 1e-5);
          expected[i] = normal * (scale[i % channels] ?? 0) + (offset[i % channels] ?? 0);
        }
      }
    const x = tf.tensor4d(values, [batch, height, width, channels]);
    const ours = groupNorm(x, groups, tf.tensor1d(scale), tf.tensor1d(offset));
    expect(difference(ours.dataSync(), expected)).toBeLessThan(1e-5);
  });
});

describe('dropout', () => {
  const ones = (random = seededRandom('masks')) => dropout(tf.ones([100, 200]), 0.25, random).dataSync();

  it('drops about its rate and keeps the mean', () => {
    const values = ones();
    const dropped = values.filter((value) => value === 0).length;
    // 20,000 draws: a deviation of 61.
    expect(Math.abs(dropped - 5_000)).toBeLessThan(5 * 61);
    expect(new Set(values)).toEqual(new Set([0, Math.fround(4 / 3)]));
  });

  it('draws other masks as the stream goes on, the same from its beginning', () => {
    const random = seededRandom('masks');
    expect(ones(random)).toEqual(ones());
    expect(ones(random)).not.toEqual(ones());
  });

  it('does nothing after training', () => {
    const model: ModelSpecification = {
      version: 1,
      inputShape: [4],
      layers: [
        { kind: 'dropout', rate: 0.5 },
        { kind: 'dense', units: 1, activation: 'linear' },
      ],
      loss: 'mse',
    };
    const built = buildModel(model, Float32Array.of(1, 10, 100, 1_000, 0.5));
    expect(built.forward(tf.tensor2d([[1, 2, 3, 4]])).dataSync()[0]).toBe(4_321.5);
    built.dispose();
  });
});

describe('losses, by hand', () => {
  /** Of two examples, the first labelled 1, the second 0. */
  const of = (loss: ModelSpecification['loss'], outputs: number[][]) => {
    const given = tf.tensor2d(outputs);
    return lossOf(loss, given, tf.tensor1d([1, 0], 'int32')).dataSync()[0];
  };

  it('softmax cross-entropy: -log of the label’s share', () => {
    const logits = [
      [0, Math.log(3)],
      [Math.log(4), 0],
    ];
    expect(of('softmax-cross-entropy', logits)).toBeCloseTo(-(Math.log(3 / 4) + Math.log(4 / 5)) / 2, 6);
  });

  it('sigmoid cross-entropy: the same of two classes, and no overflow far out', () => {
    expect(of('sigmoid-cross-entropy', [[Math.log(3)], [-Math.log(4)]])).toBeCloseTo(
      -(Math.log(3 / 4) + Math.log(4 / 5)) / 2,
      6,
    );
    expect(of('sigmoid-cross-entropy', [[-1_000], [-1_000]])).toBe(500);
  });

  it('mse: ((3 - 1)² + (0.5 - 0)²) / 2', () => {
    expect(of('mse', [[3], [0.5]])).toBe(2.125);
  });
});

const GRADIENT_CASES: Record<string, ModelSpecification> = {
  'conv2d, groupNorm, flatten, softmax': {
    version: 1,
    inputShape: [6, 5, 2],
    layers: [
      {
        kind: 'conv2d',
        filters: 4,
        kernelSize: [3, 2],
        strides: [2, 1],
        padding: 'valid',
        activation: 'linear',
      },
      { kind: 'groupNorm', groups: 2, activation: 'linear' },
      { kind: 'flatten' },
      { kind: 'dense', units: 3, activation: 'linear' },
    ],
    loss: 'softmax-cross-entropy',
  },
  'averagePool, tanh and sigmoid within': {
    version: 1,
    inputShape: [5, 4, 2],
    layers: [
      {
        kind: 'conv2d',
        filters: 3,
        kernelSize: [2, 2],
        strides: [1, 1],
        padding: 'same',
        activation: 'tanh',
      },
      { kind: 'averagePool', poolSize: [2, 3], strides: [2, 1], padding: 'same' },
      { kind: 'flatten' },
      { kind: 'dense', units: 4, activation: 'sigmoid' },
      { kind: 'dense', units: 3, activation: 'linear' },
    ],
    loss: 'softmax-cross-entropy',
  },
  'embedding, gru, sigmoid': {
    version: 1,
    inputShape: [6],
    layers: [
      { kind: 'embedding', vocabulary: 9, units: 4 },
      { kind: 'gru', units: 5 },
      { kind: 'dense', units: 1, activation: 'linear' },
    ],
    loss: 'sigmoid-cross-entropy',
  },
  'reshape, dropout, conv2d, mse': {
    version: 1,
    inputShape: [24],
    layers: [
      { kind: 'reshape', shape: [4, 3, 2] },
      { kind: 'dropout', rate: 0.3 },
      {
        kind: 'conv2d',
        filters: 3,
        kernelSize: [2, 2],
        strides: [1, 1],
        padding: 'same',
        activation: 'linear',
      },
      { kind: 'flatten' },
      { kind: 'dense', units: 1, activation: 'linear' },
    ],
    loss: 'mse',
  },
};

describe('gradients', () => {
  it.each(Object.entries(GRADIENT_CASES))('%s: as finite differences have them', (_name, model) => {
    expect(readModel(model)).toEqual({ ok: true, value: model });
    const examples = examplesFor(model, 6);
    // Labels of an mse model are bytes: large errors would drown the difference.
    const labels = Int32Array.from(examples.labels, (label) => label % 2);
    const parameters = initialParameters(model, 1).map((value, i) => value + 0.1 * Math.sin(i));
    const loss = (built: BuiltModel) =>
      lossOf(
        model.loss,
        built.forward(tf.tensor(examples.inputs, [6, ...model.inputShape]), seededRandom('masks')),
        tf.tensor1d(labels, 'int32'),
      );
    const built = buildModel(model, parameters);
    const gradient = tf.tidy(() => {
      const { grads } = tf.variableGrads(() => loss(built), [...built.variables]);
      return built.variables.flatMap(({ name }) => [...(grads[name]?.dataSync() ?? [])]);
    });
    built.dispose();
    expect(gradient).toHaveLength(parameterCount(model));
    const lossAt = (at: Float32Array): number => {
      const moved = buildModel(model, at);
      const value = tf.tidy(() => loss(moved).dataSync()[0] ?? Number.NaN);
      moved.dispose();
      return value;
    };
    const h = 2 ** -7;
    for (let i = 0; i < parameters.length; i++) {
      const [up = 0, down = 0] = [h, -h].map((step) =>
        lossAt(parameters.map((value, j) => (j === i ? value + step : value))),
      );
      // float32 leaves 2^-24 / 2^-6 of a loss of about 1; the third derivative h²/6 of itself.
      expect(Math.abs((up - down) / (2 * h) - (gradient[i] ?? Number.NaN)), `parameter ${i}`).toBeLessThan(
        2e-4,
      );
    }
  });
});
