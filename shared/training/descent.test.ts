import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LocalTraining } from '../tasks/task.ts';
import { startDescent } from './descent.ts';
import { startKernels } from './kernels/testing.ts';

beforeAll(startKernels);

type Settings = Omit<LocalTraining, 'epochs' | 'batchSize'>;

/** Where two variables, w = (2, -1) and b = (0.5), are after each of the gradients (g of w, g of b). */
function path(settings: Settings, gradients: readonly (readonly [number, number, number])[]): number[][] {
  const [w, b] = tf.tidy(() => [tf.variable(tf.tensor1d([2, -1])), tf.variable(tf.tensor1d([0.5]))] as const);
  const descent = startDescent([w, b], { epochs: 1, batchSize: 1, ...settings });
  const positions = gradients.map(([g1, g2, g3]) => {
    const [gw, gb] = [tf.tensor1d([g1, g2]), tf.tensor1d([g3])];
    descent.step([gw, gb]);
    tf.dispose([gw, gb]);
    return [...w.dataSync(), ...b.dataSync()];
  });
  descent.dispose();
  tf.dispose([w, b]);
  return positions;
}

function expectPath(actual: readonly number[][], expected: readonly number[][]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((position, step) =>
    position.forEach((value, i) => expect(value).toBeCloseTo(expected[step]?.[i] ?? Number.NaN, 6)),
  );
}

const SGD = { learningRate: 0.5, optimizer: { kind: 'sgd' } } as const;

describe('descent, by hand', () => {
  it('sgd: 2 - 0.5 · 1, and on from there', () => {
    expectPath(
      path(SGD, [
        [1, 2, -1],
        [-2, 0, 4],
      ]),
      [
        [1.5, -2, 1],
        [2.5, -2, -1],
      ],
    );
  });

  it('momentum 0.9: the second step goes 0.9 of the first and its own gradient', () => {
    expectPath(
      path({ learningRate: 0.1, optimizer: { kind: 'momentum', momentum: 0.9 } }, [
        [1, 0, -2],
        [1, 3, 0],
        [0, 0, 0],
      ]),
      [
        [1.9, -1, 0.7], // u = (1, 0, -2)
        [1.71, -1.3, 0.88], // u = (1.9, 3, -1.8)
        [1.539, -1.57, 1.042], // u = (1.71, 2.7, -1.62)
      ],
    );
  });

  it('Adam: the first step has the learning rate’s length; states are freed of their zeros', () => {
    expectPath(
      path({ learningRate: 0.1, optimizer: { kind: 'adam', beta1: 0.5, beta2: 0.75, epsilon: 1e-12 } }, [
        [1, -4, 0],
        [3, 4, 2],
      ]),
      [
        [1.9, -0.9, 0.5],
        // m = (1.75, 1, 1) / 0.75; s = (0.75 · 0.25 + 0.25 · 9, 0.75 · 4 + 4, 1) / 0.4375
        [
          1.9 - (0.1 * (1.75 / 0.75)) / Math.sqrt(2.4375 / 0.4375),
          -0.9 - (0.1 * (1 / 0.75)) / Math.sqrt(7 / 0.4375),
          0.5 - (0.1 * (1 / 0.75)) / Math.sqrt(1 / 0.4375),
        ],
      ],
    );
  });

  it('Adam’s ε is added to the root: 1 / (1 + 3)', () => {
    expectPath(
      path({ learningRate: 1, optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.9, epsilon: 1 } }, [
        [3, -1, 0],
      ]),
      [[2 - 3 / 4, -1 + 1 / 2, 0.5]],
    );
  });

  it('FedProx pulls to where the round began: nothing at first, then μ times the way gone', () => {
    expectPath(
      path({ ...SGD, fedProx: { mu: 0.5 } }, [
        [2, 0, 0],
        [0, 0, 0],
        [0, 0, 4],
      ]),
      [
        [1, -1, 0.5],
        [1.25, -1, 0.5], // + 0.5 · 0.5 · (2 - 1)
        [1.4375, -1, -1.5],
      ],
    );
  });

  it('clips the gradient as one vector: (3, 0, 4) to half its norm, what is shorter not at all', () => {
    expectPath(
      path({ ...SGD, clipNorm: 2.5 }, [
        [3, 0, 4],
        [0, 2, 0],
        [0, 0, 0],
      ]),
      [
        [1.25, -1, -0.5],
        [1.25, -2, -0.5],
        [1.25, -2, -0.5],
      ],
    );
  });

  it('clips with FedProx’s term: -2 - 0.5 · 4 is cut to -3', () => {
    expectPath(
      path({ learningRate: 2, optimizer: { kind: 'sgd' }, fedProx: { mu: 0.5 }, clipNorm: 3 }, [
        [2, 0, 0],
        [-2, 0, 0],
      ]),
      [
        [-2, -1, 0.5],
        [4, -1, 0.5], // -2 + 0.5 · (-4) = -4, cut to -3
      ],
    );
  });

  it.each<[string, Settings]>([
    ['sgd', SGD],
    ['momentum', { learningRate: 0.1, optimizer: { kind: 'momentum', momentum: 0.9 } }],
    [
      'adam, fedProx, clipNorm',
      {
        learningRate: 0.1,
        optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
        fedProx: { mu: 1 },
        clipNorm: 1,
      },
    ],
  ])('%s leaves no tensor behind', (_name, settings) => {
    const before = tf.memory().numTensors;
    path(settings, [
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
