/**
 * Cumulative tables of integer noise (Chen and Asau's guide table, 1974) with 128-bit thresholds: 64 would cost more in
 * δ than the noise itself allows. Only magnitudes are in a table; the sign is a bit of its own.
 */
import { invariant } from '../base/invariant.ts';
import { discreteGaussianWeights, skellamWeights } from './noise-weights.ts';

/** Thresholds T₀ ≤ T₁ ≤ … [length] in units of 2^−128, Tₘ = P[|X| ≤ m]: |X| is the first m with U < Tₘ. */
export interface NoiseTable {
  /** For each value of U's leading bits, the first m that can be the answer; a power of two long. */
  readonly guide: Uint32Array;
  /** Bits 127..96 of every threshold; the last is all ones, and its m is the answer where no other is. */
  readonly top: Uint32Array;
  /** Bits 127..64, and 63..0. */
  readonly high: BigUint64Array;
  readonly low: BigUint64Array;
  /** η: bound on the total variation between a draw and the distribution. */
  readonly totalVariation: number;
}

const THRESHOLD_BITS = 128n;
const WHOLE = 1n << THRESHOLD_BITS;
/** Of the reciprocal by which weights become thresholds. */
const RECIPROCAL_BITS = 320n;
const MAX_GUIDE_BITS = 16;

/** Skellam noise of the given variance, the difference of two Poisson(variance/2) draws. Takes about 0.1 s at 10⁸. */
export const skellamTable = (variance: number): NoiseTable => tableOf(skellamWeights(variance));

/** The discrete Gaussian ∝ e^(−x²/2·variance). */
export const discreteGaussianTable = (variance: number): NoiseTable =>
  tableOf(discreteGaussianWeights(variance));

function tableOf(weights: readonly bigint[]): NoiseTable {
  const total = weights.reduce((sum, weight) => sum + 2n * weight, -(weights[0] ?? 0n));
  const shift = RECIPROCAL_BITS + BigInt(total.toString(16).length * 4);
  const reciprocal = (WHOLE << (shift - THRESHOLD_BITS)) / total;
  const drop = shift - THRESHOLD_BITS;
  const high = new BigUint64Array(weights.length);
  const low = new BigUint64Array(weights.length);
  let sum = -(weights[0] ?? 0n);
  let length = 0;
  for (const weight of weights) {
    sum += 2n * weight;
    const threshold = (sum * reciprocal) >> drop;
    high[length] = threshold >> 64n;
    low[length] = threshold & 0xffff_ffff_ffff_ffffn;
    length += 1;
    if (threshold + 1n >= WHOLE) break;
  }
  invariant(length > 0, 'a distribution has weights');
  const words = new Uint32Array(high.buffer);
  const top = Uint32Array.from({ length }, (_, m) => words[2 * m + 1] as number);
  top[length - 1] = 0xffff_ffff;
  return {
    guide: guideOf(top),
    top,
    high: high.slice(0, length),
    low: low.slice(0, length),
    totalVariation: totalVariationOf(length),
  };
}

/**
 * Each threshold errs by less than 2 units (one is rounded away, one covers the weights), each probability by two
 * thresholds' errors, and total variation is half the sum of those.
 */
const totalVariationOf = (length: number): number => 2 * length * 2 ** -128;

function guideOf(top: Uint32Array): Uint32Array {
  const bits = Math.min(MAX_GUIDE_BITS, Math.ceil(Math.log2(top.length)) + 4);
  const guide = new Uint32Array(2 ** bits);
  let m = 0;
  for (let cell = 0; cell < guide.length; cell++) {
    const least = cell * 2 ** (32 - bits);
    while ((top[m] as number) < least) m++;
    guide[cell] = m;
  }
  return guide;
}
