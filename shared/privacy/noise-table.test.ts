import { describe, expect, it } from 'vitest';
import { discreteGaussianCdf } from './discrete-gaussian.ts';
import { reference } from './goldens/reference.ts';
import type { NoiseTable } from './noise-table.ts';
import { discreteGaussianTable, skellamTable } from './noise-table.ts';
import { MAX_TOTAL_VARIATION } from './sampling-cost.ts';
import { logSkellamPmf, skellamCdf } from './skellam.ts';

const WHOLE = 2n ** 128n;

/** Tₘ in units of 2^−128; the last is the whole. */
function thresholdsOf({ high, low }: NoiseTable): bigint[] {
  const last = high.length - 1;
  return Array.from(high, (word, m) => (m === last ? WHOLE : (word << 64n) | (low[m] as bigint)));
}

/** P[X = x] and P[X ≤ x] as the table has them. */
function probabilities(thresholds: readonly bigint[], x: number): { pmf: number; cdf: number } {
  const m = Math.abs(x);
  const at = (index: number): bigint => (index < 0 ? 0n : (thresholds[index] ?? WHOLE));
  const both = at(m) - at(m - 1);
  const below = x >= 0 ? WHOLE + at(m) : WHOLE - at(m - 1);
  return { pmf: Number(m === 0 ? 2n * both : both) / 2 ** 129, cdf: Number(below) / 2 ** 129 };
}

const rowsOf = (group: string, key: string): [number, number, number, number][] =>
  reference.rows
    .filter((row) => row.group === group)
    .map(({ in: given, out }) => [
      Number(given[key]),
      Number(given['x']),
      Number(out['pmf']),
      Number(out['cdf']),
    ]);

describe('tables of noise', () => {
  for (const [group, key, tableOf] of [
    ['skellam_pmf', 'variance', skellamTable],
    ['discrete_gaussian_pmf', 'sigma2', discreteGaussianTable],
  ] as const) {
    it(`have the probabilities of the reference rows ${group}`, () => {
      const rows = rowsOf(group, key);
      expect(rows.length).toBeGreaterThan(50);
      for (const [variance, x, pmf, cdf] of rows) {
        const found = probabilities(thresholdsOf(tableOf(variance)), x);
        expect(found.pmf / pmf, `pmf at ${x} of variance ${variance}`).toBeCloseTo(1, 9);
        expect(found.cdf / cdf, `cdf at ${x} of variance ${variance}`).toBeCloseTo(1, 7);
      }
    });
  }

  it('agree with the accountant up to deviations of 10⁴', () => {
    for (const sigma of [1_000, 10_000]) {
      const skellam = thresholdsOf(skellamTable(sigma ** 2));
      const gaussian = thresholdsOf(discreteGaussianTable(sigma ** 2));
      for (const deviations of [-5, -1.5, 0, 0.3, 2, 6]) {
        const x = Math.round(deviations * sigma);
        expect(probabilities(skellam, x).pmf / Math.exp(logSkellamPmf(sigma ** 2, x))).toBeCloseTo(1, 9);
        expect(probabilities(gaussian, x).cdf / discreteGaussianCdf(sigma ** 2, x)).toBeCloseTo(1, 7);
      }
      expect(probabilities(skellam, -3 * sigma).cdf / skellamCdf(sigma ** 2, -3 * sigma)).toBeCloseTo(1, 7);
    }
  });

  it('rise to the whole, with a guide that never starts past the answer', () => {
    for (const table of [
      skellamTable(0.01),
      skellamTable(0.25),
      skellamTable(1e4),
      discreteGaussianTable(1e4),
    ]) {
      const thresholds = thresholdsOf(table);
      for (let m = 1; m < thresholds.length; m++) {
        expect((thresholds[m] as bigint) >= (thresholds[m - 1] as bigint)).toBe(true);
      }
      const cellWidth = 2 ** 32 / table.guide.length;
      table.guide.forEach((start, cell) => {
        const least = BigInt(cell * cellWidth) << 96n;
        expect(table.top.findIndex((top) => top >= cell * cellWidth)).toBe(start);
        expect(start === 0 || (thresholds[start - 1] as bigint) <= least).toBe(true);
      });
    }
  });

  it('refuse variances outside 0.05² … 2^28', () => {
    for (const variance of [0, -1, NaN, Infinity, 0.002, 2 ** 28 + 1]) {
      expect(() => skellamTable(variance)).toThrow(RangeError);
      expect(() => discreteGaussianTable(variance)).toThrow(RangeError);
    }
  });
});

/** Fraction bits of the independent values below. */
const BITS = 400n;

/** Skellam noise as the convolution of two Poisson(variance/2), straight from the definition. */
function skellamByConvolution(halfMean: bigint, length: number): bigint[] {
  const terms: bigint[] = [1n << BITS];
  for (let j = 1; j < 3 * length + 200; j++) terms.push(((terms[j - 1] as bigint) * halfMean) / BigInt(j));
  return Array.from({ length }, (_, x) =>
    terms.reduce((sum, term, j) => sum + ((term * (terms[j + x] ?? 0n)) >> BITS), 0n),
  );
}

/** e^(−x²/2σ²), each from its own series. */
function gaussianBySeries(twiceVariance: bigint, length: number): bigint[] {
  return Array.from({ length }, (_, x) => {
    let [sum, term] = [0n, 1n << BITS];
    for (let n = 1n; term > 0n; n++) {
      sum += term;
      term = (term * BigInt(x) ** 2n) / (n * twiceVariance);
    }
    return (1n << (2n * BITS)) / sum;
  });
}

/** Half the sum of |table − truth| over all integers, in units of 2^−128. */
function distance(table: NoiseTable, weights: readonly bigint[]): number {
  const total = weights.reduce((sum, weight, x) => sum + (x === 0 ? weight : 2n * weight), 0n);
  const thresholds = thresholdsOf(table);
  const scale = 1n << 100n;
  const sum = weights.reduce((all, weight, m) => {
    const held = ((thresholds[m] ?? WHOLE) - (m === 0 ? 0n : (thresholds[m - 1] ?? WHOLE))) * scale;
    const truth = ((m === 0 ? weight : 2n * weight) * WHOLE * scale) / total;
    return all + (held > truth ? held - truth : truth - held);
  }, 0n);
  return Number(sum / 2n) / Number(scale);
}

describe('the total variation η of a table', () => {
  it('bounds its distance from the distribution worked out another way to 400 bits', () => {
    for (const [table, weights] of [
      [skellamTable(4), skellamByConvolution(2n, 90)],
      [skellamTable(64), skellamByConvolution(32n, 220)],
      [discreteGaussianTable(1), gaussianBySeries(2n, 30)],
      [discreteGaussianTable(100), gaussianBySeries(200n, 220)],
    ] as const) {
      expect(weights.length).toBeGreaterThan(table.top.length);
      const found = distance(table, weights);
      expect(found).toBeGreaterThan(0);
      expect(found).toBeLessThanOrEqual(table.totalVariation * 2 ** 128);
      // And it is not just generous: 64-bit thresholds would be 2^60 times off.
      expect(found).toBeGreaterThan(table.totalVariation * 2 ** 128 * 0.01);
    }
  });

  it('sees a threshold that is 2^20 units of 2^−128 off', () => {
    const table = skellamTable(4);
    const low = table.low.slice();
    low[2] = BigInt.asUintN(64, (low[2] as bigint) + 2n ** 20n);
    expect(distance({ ...table, low }, skellamByConvolution(2n, 90))).toBeGreaterThan(
      table.totalVariation * 2 ** 128,
    );
  });

  it('is below the bound that plans count with, for the largest deviation too', () => {
    for (const table of [skellamTable(2 ** 28), discreteGaussianTable(2 ** 28)]) {
      expect(table.totalVariation).toBeLessThan(MAX_TOTAL_VARIATION);
      expect(table.totalVariation).toBeGreaterThan(MAX_TOTAL_VARIATION / 4);
    }
  });
});
