import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { compute, expectAgreement, operand, startKernels } from './testing.ts';

beforeAll(startKernels);

const size = fc.integer({ min: 1, max: 21 });
const cases = fc.record({
  m: size,
  k: fc.oneof(size, fc.integer({ min: 500, max: 600 })),
  n: size,
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
});

const stored = (rows: number, columns: number, swapped: boolean) =>
  swapped ? [columns, rows] : [rows, columns];

describe('BatchMatMul on wasm', () => {
  it('agrees with cpu for any sizes and transposes', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ m, k, n, transposeA, transposeB }) => {
        const a = operand('a', [2, ...stored(m, k, transposeA)]);
        const b = operand('b', [2, ...stored(k, n, transposeB)]);
        await expectAgreement('BatchMatMul', { a, b }, { transposeA, transposeB }, k);
      }),
      { seed: 1, numRuns: 120 },
    );
  });

  it('broadcasts leading axes on both sides', async () => {
    const a = operand('a', [2, 1, 3, 4]);
    const b = operand('b', [3, 4, 5]);
    const attrs = { transposeA: false, transposeB: false };
    const product = await compute('wasm', 'BatchMatMul', { a, b }, attrs);
    expect(product.shape).toEqual([2, 3, 3, 5]);
    for (const [left, right] of [
      [0, 0],
      [1, 2],
    ] as const) {
      const one = await compute(
        'cpu',
        'BatchMatMul',
        {
          a: { shape: [1, 3, 4], values: a.values.slice(12 * left, 12 * left + 12) },
          b: { shape: [1, 4, 5], values: b.values.slice(20 * right, 20 * right + 20) },
        },
        attrs,
      );
      const at = 15 * (3 * left + right);
      one.values.forEach((value, i) => expect(product.values[at + i]).toBeCloseTo(value, 5));
    }
  });

  it('agrees with cpu where B does not fit one group of panels and A not one block', async () => {
    const [a, b] = [operand('a', [1, 150, 300]), operand('b', [1, 300, 170])];
    await expectAgreement('BatchMatMul', { a, b }, { transposeA: false, transposeB: false }, 300);
  });

  it('sums over nothing are zero, and no rows give none', async () => {
    const attrs = { transposeA: false, transposeB: false };
    const empty = { a: operand('a', [1, 2, 0]), b: operand('b', [1, 0, 9]) };
    expect(await compute('wasm', 'BatchMatMul', empty, attrs)).toEqual({
      shape: [1, 2, 9],
      values: new Float32Array(18),
    });
    const none = { a: operand('a', [1, 0, 3]), b: operand('b', [1, 3, 9]) };
    expect((await compute('wasm', 'BatchMatMul', none, attrs)).shape).toEqual([1, 0, 9]);
  });

  it('refuses inner sizes that differ', async () => {
    const inputs = { a: operand('a', [1, 2, 3]), b: operand('b', [1, 4, 2]) };
    await expect(
      compute('wasm', 'BatchMatMul', inputs, { transposeA: false, transposeB: false }),
    ).rejects.toThrow(/inner sizes agree: \[1,2,3\] · \[1,4,2\]/);
  });
});

describe('_FusedMatMul on wasm', () => {
  it.each(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'])(
    'agrees with cpu for %s, with a bias and without',
    async (activation) => {
      const product = { a: operand('a', [1, 5, 12]), b: operand('b', [1, 12, 11]) };
      const weights = activation === 'prelu' ? { preluActivationWeights: operand('weights', [11]) } : {};
      const attrs = { transposeA: false, transposeB: false, activation, leakyreluAlpha: 0.25 };
      await expectAgreement('_FusedMatMul', { ...product, ...weights }, attrs, 12);
      const bias = operand('bias', [11]);
      await expectAgreement('_FusedMatMul', { ...product, ...weights, bias }, attrs, 13);
    },
  );
});
