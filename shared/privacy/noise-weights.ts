/**
 * Probabilities of integer noise in whole-number arithmetic: weights w₀, w₁, … with P[X = ±x] = wₓ/(w₀ + 2(w₁ + w₂ + …)),
 * for distributions that are symmetric about 0.
 *
 * What is left out and what is rounded stays below 2^−150 in total variation for deviations up to 2^14: the tail beyond
 * the last weight is below 2^−192, and no sum subtracts, so that rounding errors only add up.
 */

import { bisect } from '../numeric/bisection.ts';

/** Weights at and beyond the last one are together less than 2 to the minus this. */
const TAIL_BITS = 192;
/** Fraction bits of every factor. */
const FRACTION_BITS = 256n;
/**
 * Bits of the smallest weight, where the Bessel recurrence starts; what a step rounds away, a unit, is then less than
 * 2^−256 of the whole.
 */
const START_BITS = 64n;

const DEVIATION_RANGE = { low: 0.05, high: 2 ** 14 };

/** Whether there is a table of this variance: deviations from 0.05 to 2^14. */
export const isTableVariance = (variance: number): boolean =>
  variance >= DEVIATION_RANGE.low ** 2 && variance <= DEVIATION_RANGE.high ** 2;

/** Weights of the discrete Gaussian ∝ e^(−x²/2σ²), by wₓ₊₁ = wₓ·e^(−1/2σ²)·e^(−x/σ²). */
export function discreteGaussianWeights(variance: number): bigint[] {
  requireDeviation(variance);
  const { numerator, denominator } = ratioOf(variance);
  const grown = exponential((denominator << FRACTION_BITS) / (2n * numerator));
  const first = (1n << (2n * FRACTION_BITS)) / grown;
  const step = (first * first) >> FRACTION_BITS;
  const negligible = 1n << (FRACTION_BITS - BigInt(TAIL_BITS));
  const weights: bigint[] = [];
  let factor = first;
  for (let weight = 1n << FRACTION_BITS; weight > negligible;) {
    weights.push(weight);
    weight = (weight * factor) >> FRACTION_BITS;
    factor = (factor * step) >> FRACTION_BITS;
  }
  return weights;
}

/**
 * Weights of Skellam noise, Iₓ(v) for variance v: I_(k−1) = I_(k+1) + (2k/v)·I_k downwards from a k whose share is
 * negligible (DLMF 10.29.1, Miller's algorithm; the start's error shrinks by the square of the ratio of two weights).
 */
export function skellamWeights(variance: number): bigint[] {
  requireDeviation(variance);
  const { numerator, denominator } = ratioOf(variance);
  const unit = ((2n * denominator) << FRACTION_BITS) / numerator;
  const start = skellamTailStart(variance);
  const weights = Array.from<bigint>({ length: start + 1 });
  let [above, weight] = [0n, 1n << START_BITS];
  let factor = unit * BigInt(start);
  for (let k = start; k >= 1; k--) {
    weights[k] = weight;
    [above, weight] = [weight, above + ((weight * factor) >> FRACTION_BITS)];
    factor -= unit;
  }
  weights[0] = weight;
  return weights;
}

/** The least x with P[|X| ≥ x] ≤ 2^−192 by Chernoff's bound e^(v(cosh t − 1) − tx) at t = asinh(x/v). */
function skellamTailStart(variance: number): number {
  const exponent = (x: number): number =>
    x * Math.asinh(x / variance) - x ** 2 / (Math.hypot(x, variance) + variance);
  const needed = (TAIL_BITS + 1) * Math.LN2;
  let [low, high] = [0, 1];
  while (exponent(high) < needed) [low, high] = [high, 2 * high];
  return bisect(low, high, (x) => exponent(x) >= needed);
}

function requireDeviation(variance: number): void {
  if (!isTableVariance(variance)) throw new RangeError(`variance: ${variance} has no table`);
}

/** A double as the fraction it is. */
function ratioOf(value: number): { readonly numerator: bigint; readonly denominator: bigint } {
  let [whole, doublings] = [value, 0n];
  while (!Number.isInteger(whole)) {
    whole *= 2;
    doublings += 1n;
  }
  return { numerator: BigInt(whole), denominator: 1n << doublings };
}

/** e^x ≥ 1 of a fixed-point x ≥ 0 by its series: every term is positive. */
function exponential(x: bigint): bigint {
  let [sum, term] = [0n, 1n << FRACTION_BITS];
  for (let n = 1n; term > 0n; n++) {
    sum += term;
    term = (term * x) / (n << FRACTION_BITS);
  }
  return sum;
}
