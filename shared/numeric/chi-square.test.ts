import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { CHI_SQUARE_BOUND, chiSquare, chiSquareBound, chiSquareOfBytes } from './chi-square.ts';

describe('chiSquareOfBytes', () => {
  it('the bound is the 1 − 10⁻⁶ quantile of χ² with 255 degrees of freedom, 377.078 by SciPy', () => {
    expect(Math.abs(CHI_SQUARE_BOUND - 377.078)).toBeLessThan(0.25);
  });

  it('a perfectly even sample has χ² = 0 and one value alone has (256 − 1)·length', () => {
    const even = Uint8Array.from({ length: 256 * 10 }, (_, index) => index);
    expect(chiSquareOfBytes(even)).toBe(0);
    expect(chiSquareOfBytes(new Uint8Array(2560))).toBeCloseTo(255 * 2560, 6);
  });

  it('random bytes pass; quantized updates, which are small integers, fail by far', () => {
    expect(chiSquareOfBytes(seededRandom('chi-square')(100_000))).toBeLessThan(CHI_SQUARE_BOUND);
    const words = Int32Array.from({ length: 25_000 }, (_, index) => (index % 4001) - 2000);
    expect(chiSquareOfBytes(new Uint8Array(words.buffer))).toBeGreaterThan(100 * CHI_SQUARE_BOUND);
  });

  it('rejects samples that are too small for the test', () => {
    expect(() => chiSquareOfBytes(new Uint8Array(1279))).toThrow('bytes: 1279');
  });
});

describe('chiSquare', () => {
  it('is Σ (observed − expected)²/expected, by hand', () => {
    expect(chiSquare([12, 8, 25], [10, 10, 25])).toBeCloseTo(0.4 + 0.4, 12);
  });

  it('has a bound that is never below the 1 − 10⁻⁶ quantile of SciPy, and near it from ten degrees on', () => {
    for (const [degrees, quantile] of [
      [1, 23.928],
      [3, 30.665],
      [10, 46.863],
      [31, 83.643],
      [100, 182.127],
    ] as const) {
      expect(chiSquareBound(degrees)).toBeGreaterThan(quantile);
      if (degrees >= 10) expect(chiSquareBound(degrees) / quantile).toBeLessThan(1.025);
    }
  });

  it('rejects cells that expect too little and lists of unequal length', () => {
    expect(() => chiSquare([3, 4], [4.9, 5])).toThrow('expected: 4.9');
    expect(() => chiSquare([3], [5, 5])).toThrow('observed: 1 cells');
  });
});
