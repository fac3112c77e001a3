/**
 * The Skellam mechanism (Agarwal, Kairouz, Liu, NeurIPS 2021, Theorem 3.5) and distribution: the difference of two
 * Poisson(μ/2) draws, whose sums are Skellam exactly. Integer-grid units.
 */
import { logScaledBesselI } from '../numeric/special.ts';
import { requireInteger, requirePositive, requireRange } from './checks.ts';

/** How far one client's integer vector can lie from zero. */
export interface Sensitivity {
  readonly l1: number;
  readonly l2: number;
}

/** Rényi divergence at an integer order ≥ 2 of a vector of the given sensitivity plus noise of total variance μ. */
export function skellamRdp({ l1, l2 }: Sensitivity, variance: number, order: number): number {
  requireRange('l1_int', l1, 0);
  requireRange('l2_int', l2, 0);
  requireRange('central_var_int', variance, 0);
  requireInteger('orders', order, 2);
  if (variance === 0) return l2 === 0 ? 0 : Infinity;
  const correction = Math.min(
    ((2 * order - 1) * l2 ** 2 + 6 * l1) / (4 * variance ** 2),
    (3 * l1) / (2 * variance),
  );
  return (order / (2 * variance)) * l2 ** 2 + correction;
}

/** log P[X = x] for Skellam noise of variance v: log(e^(−v) I_|x|(v)). */
export function logSkellamPmf(variance: number, x: number): number {
  requirePositive('variance', variance);
  requireInteger('x', x, -Number.MAX_SAFE_INTEGER);
  return logScaledBesselI(Math.abs(x), variance);
}

/** P[X ≤ x], summed from the tail inwards. */
export function skellamCdf(variance: number, x: number): number {
  requirePositive('variance', variance);
  requireInteger('x', x, -Number.MAX_SAFE_INTEGER);
  return x < 0 ? upperTail(variance, -x) : 1 - upperTail(variance, x + 1);
}

/** P[X ≥ from] for from ≥ 0, by adding outwards until a term is below the rounding of the sum. */
function upperTail(variance: number, from: number): number {
  let sum = 0;
  for (let x = from; ; x++) {
    const term = Math.exp(logSkellamPmf(variance, x));
    sum += term;
    if (term <= sum * 1e-18) return sum;
  }
}
