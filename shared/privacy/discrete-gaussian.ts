/**
 * The discrete Gaussian on the integers, P[x] ∝ e^(−x²/2σ²), and its exact single-coordinate privacy (Canonne, Kamath,
 * Steinke, arXiv 2004.00010).
 */
import { normalUpperTail } from '../numeric/special.ts';
import { requireInteger, requirePositive, requireRange } from './checks.ts';

/** e to the minus this adds nothing to a double. */
const NEGLIGIBLE_EXPONENT = 45;
/** From this σ on, sums over a tail follow Euler–Maclaurin's formula. */
const SMOOTH_FROM = 1_000;

/** Σ e^(−x²/2σ²) over the integers, directly or, from σ² = 1 on, by Poisson summation. */
export function discreteGaussianNormalizer(variance: number): number {
  requirePositive('sigma2', variance);
  const rate = variance < 1 ? 1 / (2 * variance) : 2 * Math.PI ** 2 * variance;
  let sum = 1;
  for (let k = 1; rate * k ** 2 < 2 * NEGLIGIBLE_EXPONENT; k++) sum += 2 * Math.exp(-rate * k ** 2);
  return variance < 1 ? sum : Math.sqrt(2 * Math.PI * variance) * sum;
}

export function discreteGaussianPmf(variance: number, x: number): number {
  requireInteger('x', x, -Number.MAX_SAFE_INTEGER);
  return Math.exp(-(x ** 2) / (2 * variance)) / discreteGaussianNormalizer(variance);
}

/** P[X ≤ x]. */
export function discreteGaussianCdf(variance: number, x: number): number {
  requireInteger('x', x, -Number.MAX_SAFE_INTEGER);
  return x < 0 ? upperTail(variance, -x) : 1 - upperTail(variance, x + 1);
}

/** P[X ≥ from] for from ≥ 0. */
function upperTail(variance: number, from: number): number {
  const sigma = Math.sqrt(variance);
  const normalizer = discreteGaussianNormalizer(variance);
  const density = (x: number): number => Math.exp(-(x ** 2) / (2 * variance));
  if (sigma > SMOOTH_FROM) {
    const integral = Math.sqrt(2 * Math.PI) * sigma * normalUpperTail(from / sigma);
    return (integral + density(from) * (0.5 + from / (12 * variance))) / normalizer;
  }
  let sum = 0;
  const until = Math.sqrt(from ** 2 + 2 * NEGLIGIBLE_EXPONENT * variance);
  for (let x = Math.ceil(until); x >= from; x--) sum += density(x);
  return sum / normalizer;
}

/** E[X²]; below σ² in a relative amount that vanishes as e^(−2π²σ²). */
export function discreteGaussianVariance(variance: number): number {
  const normalizer = discreteGaussianNormalizer(variance);
  if (variance >= 4) return variance;
  let sum = 0;
  for (let x = 1; x ** 2 < 4 * NEGLIGIBLE_EXPONENT * variance + 1; x++) {
    sum += 2 * x ** 2 * Math.exp(-(x ** 2) / (2 * variance));
  }
  return sum / normalizer;
}

/** Scale of the discrete Laplace that the exact rejection sampler proposes from: ⌊σ⌋ + 1. */
export const proposalScale = (variance: number): number => Math.floor(Math.sqrt(variance)) + 1;

/**
 * The exact δ at `epsilon` ≥ 0 of one integer of sensitivity `sensitivity` plus this noise: the sum, over outcomes
 * whose privacy loss exceeds ε, of P[x](1 − e^(ε − loss)); every term is positive.
 */
export function discreteGaussianDelta(variance: number, epsilon: number, sensitivity: number): number {
  requirePositive('sigma2', variance);
  requireRange('epsilon', epsilon, 0);
  requireInteger('sensitivity', sensitivity, 0);
  if (sensitivity === 0) return 0;
  const first = Math.floor((epsilon * variance) / sensitivity - sensitivity / 2) + 1;
  const peak = Math.max(0, first);
  const until = Math.ceil(Math.sqrt(peak ** 2 + 2 * NEGLIGIBLE_EXPONENT * variance));
  let sum = 0;
  for (let x = until; x >= first; x--) {
    const loss = (sensitivity * (2 * x + sensitivity)) / (2 * variance);
    sum += Math.exp(-(x ** 2) / (2 * variance)) * -Math.expm1(epsilon - loss);
  }
  return sum / discreteGaussianNormalizer(variance);
}
