import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { noblePrg, type Prg } from '../crypto/mask.ts';
import { roundWithinNorm } from './conditional-rounding.ts';
import { roundedSensitivity } from './rounding.ts';

interface Attempt {
  readonly values: Int32Array;
  /** Keys of ChaCha20 that were used: one a draw for up to 16,384 lanes. */
  readonly draws: number;
}

function rounded(vector: Float32Array, scale: number, squaredNormBound: number, label = 'round'): Attempt {
  let draws = 0;
  const prg: Prg = {
    accumulate: (...given) => {
      draws += 1;
      noblePrg.accumulate(...given);
    },
  };
  const words = new Uint32Array(vector.length).fill(99);
  roundWithinNorm(words, vector, { scale, squaredNormBound }, { random: seededRandom(label), prg });
  return { values: new Int32Array(words.buffer), draws };
}

const squaresOf = (values: Int32Array): bigint => values.reduce((sum, x) => sum + BigInt(x) ** 2n, 0n);

describe('conditional rounding', () => {
  it('goes to a whole neighbour whose mean is the value', () => {
    const vector = new Float32Array(40_000).fill(-1.75);
    const { values } = rounded(vector, 1.5, 1e9);
    expect(new Set(values)).toEqual(new Set([-3, -2]));
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    // −2.625; five standard errors of a draw between two neighbours.
    expect(Math.abs(mean + 2.625)).toBeLessThan(5 * Math.sqrt((0.625 * 0.375) / values.length));
  });

  it('leaves whole values alone', () => {
    expect([...rounded(Float32Array.of(0, 1, -2, 0.5, -0.5), 2, 100).values]).toEqual([0, 2, -4, 1, -1]);
  });

  it('never exceeds the bound, in whole numbers, whatever the bound is', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 1, maxLength: 60, min: -3, max: 3, noNaN: true }),
        fc.integer({ min: 0, max: 200 }),
        fc.string(),
        (vector, bound, label) => {
          expect(squaresOf(rounded(vector, 1, bound, label).values) <= BigInt(bound)).toBe(true);
        },
      ),
      { seed: 2 },
    );
  });

  it('draws again until the bound is met', () => {
    // Ten halves: the sum of squares is the number that went up, and at most 3 do in 176 of 1,024 draws.
    const attempts = Array.from({ length: 60 }, (_, i) =>
      rounded(new Float32Array(10).fill(0.5), 1, 3, `${i}`),
    );
    const draws = attempts.reduce((sum, { draws: count }) => sum + count, 0);
    expect(attempts.every(({ values }) => squaresOf(values) <= 3n)).toBe(true);
    expect(attempts.some(({ values }) => squaresOf(values) === 3n)).toBe(true);
    expect(draws / 60).toBeGreaterThan(3);
    expect(draws / 60).toBeLessThan(10);
  });

  it('meets the bound of the accountant at once in most draws, at the clip norm', () => {
    const d = 4_096;
    const vector = new Float32Array(d).fill(1 / Math.sqrt(d));
    const scale = 20;
    const bound = Math.floor(roundedSensitivity(scale, Math.exp(-0.5), d).l2 ** 2);
    const draws = Array.from({ length: 40 }, (_, i) => rounded(vector, scale, bound, `d ${i}`).draws);
    expect(draws.filter((count) => count === 1).length).toBeGreaterThan(20);
  });

  it('gives zeros where the bound cannot be met, after 64 draws', () => {
    const { values, draws } = rounded(Float32Array.of(5, 5), 1, 49);
    expect([...values]).toEqual([0, 0]);
    expect(draws).toBe(64);
  });

  it('is exact at 2^53: one more than the bound is refused, the bound is not', () => {
    // The largest single-precision value whose square stays below 2^53, and two ones: whole numbers on the grid.
    const quarter = Math.fround(Math.sqrt(2 ** 53) / 4);
    const vector = Float32Array.of(quarter, 1 / 4, 1 / 4);
    const squares = BigInt(quarter * 4) ** 2n + 2n;
    expect(squares < 2n ** 53n && squares > 2n ** 52n).toBe(true);
    expect(rounded(vector, 4, Number(squares)).draws).toBe(1);
    expect([...rounded(vector, 4, Number(squares) - 1).values]).toEqual([0, 0, 0]);
    const beyond = new Float32Array(64).fill(2 ** 26);
    expect(rounded(beyond, 1, Number.MAX_SAFE_INTEGER).draws).toBe(64);
  });

  it('rejects bounds that are not exact and words of another length', () => {
    for (const bound of [2 ** 53, 1.5, NaN]) {
      expect(() => rounded(Float32Array.of(1), 1, bound)).toThrow('squaredNormBound');
    }
    const secret = { random: seededRandom('x') };
    const terms = { scale: 1, squaredNormBound: 4 };
    expect(() => roundWithinNorm(new Uint32Array(2), Float32Array.of(1), terms, secret)).toThrow(
      'words: 2, not 1',
    );
  });
});
