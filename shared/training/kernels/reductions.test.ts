import fc from 'fast-check';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { compute, expectAgreement, expectClose, operand, startKernels } from './testing.ts';

beforeAll(startKernels);

describe('UnsortedSegmentSum on wasm', () => {
  it('agrees with cpu, and drops rows whose segment does not exist', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -2, max: 6 }), { minLength: 1, maxLength: 20 }),
        fc.constantFrom([], [3], [4], [2, 3]),
        async (ids, rest) => {
          const segmentIds = { shape: [ids.length], values: Int32Array.from(ids) };
          const x = operand('x', [ids.length, ...rest]);
          await expectAgreement('UnsortedSegmentSum', { x, segmentIds }, { numSegments: 5 }, ids.length);
        },
      ),
      { seed: 6, numRuns: 60 },
    );
  });

  it('is the gradient of a gather: exact, since a gather is linear', () => {
    const { values } = operand('table', [7, 3]);
    const along = operand('along', [4, 3]);
    const indices = tf.tensor1d([6, 0, 6, 2], 'int32');
    const dTable = tf.grad((table: tf.Tensor) =>
      tf.sum(tf.mul(tf.gather(table, indices), tf.tensor(along.values, [4, 3]))),
    )(tf.tensor(values, [7, 3]));
    const expected = new Float32Array(21);
    [6, 0, 6, 2].forEach((row, i) => {
      for (let j = 0; j < 3; j++)
        expected[3 * row + j] = (expected[3 * row + j] ?? 0) + (along.values[3 * i + j] ?? 0);
    });
    expectClose(
      { shape: dTable.shape, values: dTable.dataSync<'float32'>() },
      { shape: [7, 3], values: expected },
      2,
    );
  });
});

describe('Sum on wasm', () => {
  it('agrees with cpu over any axes, first ones or not, and keeps them where asked', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.subarray([0, 1, 2, 3], { minLength: 1 }),
        fc.boolean(),
        fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 1, max: 6 }))),
        async (axis, keepDims, shape) => {
          await expectAgreement('Sum', { x: operand('x', shape) }, { axis, keepDims }, 1296);
          const negative = axis.map((at) => at - 4);
          await expectAgreement('Sum', { x: operand('x', shape) }, { axis: negative, keepDims }, 1296);
        },
      ),
      { seed: 7, numRuns: 60 },
    );
  });

  it('sums whole numbers as such', async () => {
    const x = { shape: [3, 2], values: Int32Array.of(1, 2, 3, 4, 5, 6) };
    expect((await compute('wasm', 'Sum', { x }, { axis: [0], keepDims: false })).values).toEqual(
      Int32Array.of(9, 12),
    );
  });
});

describe('ReluGradient on wasm', () => {
  it('lets dy pass where x is above 0, and is what tfjs computes on cpu', async () => {
    const [x, dy] = [operand('x', [3, 7]), operand('dy', [3, 7])];
    // In a whole vector, and after the last one.
    x.values[4] = 0;
    x.values[20] = 0;
    const gradient = (): number[] => [
      ...tf.tidy(() =>
        tf
          .grad((input: tf.Tensor) => tf.relu(input))(
            tf.tensor(x.values, [3, 7]),
            tf.tensor(dy.values, [3, 7]),
          )
          .dataSync(),
      ),
    ];
    const ours = gradient();
    expect(ours).toEqual(Array.from(x.values, (value, i) => (value > 0 ? dy.values[i] : 0)));
    await tf.setBackend('cpu');
    try {
      expect(gradient().map((value) => value + 0)).toEqual(ours);
    } finally {
      await tf.setBackend('wasm');
    }
  });
});
