import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { compute, dot, expectAgreement, operand, startKernels, type Operand } from './testing.ts';

beforeAll(startKernels);

const small = (max: number) => fc.integer({ min: 1, max });
const cases = fc
  .record({
    shape: fc.tuple(small(2), small(9), small(9), small(9)),
    filterSize: fc.tuple(small(4), small(4)),
    strides: fc.tuple(small(3), small(3)),
    pad: fc.constantFrom('same', 'valid'),
  })
  .filter(
    ({ shape: [, height, width], filterSize, pad }) =>
      pad === 'same' || (filterSize[0] <= height && filterSize[1] <= width),
  );

async function pooled(input: Operand, attrs: Record<string, string | number[]>): Promise<Operand> {
  return compute('cpu', 'MaxPool', { x: input }, attrs);
}

describe('MaxPoolGrad on wasm', () => {
  it('agrees with cpu for any shape, window, stride and padding, also among equal values', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.boolean(), async ({ shape, ...attrs }, withTies) => {
        const free = operand('x', shape);
        const input = withTies ? { shape, values: free.values.map(Math.round) } : free;
        const output = await pooled(input, attrs);
        const dy = operand('dy', output.shape);
        await expectAgreement('MaxPoolGrad', { dy, input, output }, attrs, 16);
      }),
      { seed: 5, numRuns: 120 },
    );
  });

  it('is the finite difference while no maximum changes place', async () => {
    const attrs = { filterSize: [3, 2], strides: [2, 1], pad: 'same' };
    const shape = [2, 6, 5, 7];
    const count = 420;
    // All different, by at least 1: a permutation of 0..419, since 103 and 420 share no factor.
    const input = { shape, values: Float32Array.from({ length: count }, (_, i) => (i * 103) % count) };
    const output = await pooled(input, attrs);
    const dy = operand('dy', output.shape);
    const along = operand('along', shape);
    const moved = input.values.map((value, i) => value + (along.values[i] ?? Number.NaN) / 4);
    const difference =
      dot(dy, await compute('wasm', 'MaxPool', { x: { shape, values: moved } }, attrs)) - dot(dy, output);
    const dx = await compute('wasm', 'MaxPoolGrad', { dy, input, output }, attrs);
    expect(4 * difference).toBeCloseTo(dot(dx, along), 4);
  });
});
