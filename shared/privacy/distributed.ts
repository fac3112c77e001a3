/**
 * Privacy of sums whose noise comes in shares: Skellam, which adds up exactly, and the discrete Gaussian, which does so
 * up to τ (Kairouz, Liu, Steinke 2021, Proposition 14 and Theorem 1). "Shares" are those counted on, never the cohort.
 */
import { requireInteger, requirePositive, requireRange } from './checks.ts';
import { epsilonOfCurve } from './rdp/conversion.ts';
import { sampledRdp } from './rdp/generic-sampling.ts';
import { DISTRIBUTED_ORDERS } from './rdp/orders.ts';
import { roundedSensitivity } from './rounding.ts';
import type { Sensitivity } from './skellam.ts';
import { skellamRdp } from './skellam.ts';

/** What the sum of `shares` discrete Gaussians of standard deviation `localStdDev` (grid) lacks of one of √shares. */
export function convolutionGap(shares: number, localStdDev: number): number {
  requireInteger('num_clients', shares, 1);
  requireRange('local_stddev', localStdDev, 0);
  const rate = 2 * (Math.PI * localStdDev) ** 2;
  let sum = 0;
  for (let k = 1; k < shares; k++) {
    const term = Math.exp((-rate * k) / (k + 1));
    if (term === 0) break;
    sum += term;
  }
  return 10 * sum;
}

export interface DiscreteGaussianSum {
  readonly sensitivity: Sensitivity;
  /** √shares times a share's, grid units. */
  readonly totalStdDev: number;
  readonly gap: number;
  readonly dimension: number;
}

/** Rényi divergence at an order above 1 of a sum of discrete Gaussian shares. */
export function discreteGaussianSumRdp(sum: DiscreteGaussianSum, order: number): number {
  const { sensitivity, totalStdDev, gap, dimension } = sum;
  if (!(order > 1)) throw new RangeError(`orders: ${order} is not above 1`);
  requirePositive('dim', dimension);
  if (totalStdDev === 0) return sensitivity.l2 === 0 ? 0 : Infinity;
  const [l1, l2] = [sensitivity.l1 / totalStdDev, sensitivity.l2 / totalStdDev];
  const half = order / 2;
  return Math.min(
    half * l2 ** 2 + gap * dimension,
    half * (l2 ** 2 + 2 * l1 * gap + gap ** 2 * dimension),
    half * (l2 + Math.sqrt(dimension) * gap) ** 2,
  );
}

export interface DistributedMechanism {
  readonly kind: 'skellam' | 'discrete-gaussian';
  /** Counted noise shares. */
  readonly shares: number;
  /** Of one share, real units. */
  readonly localStdDev: number;
  /** Grid steps per real unit. */
  readonly scale: number;
  readonly clipNorm: number;
  /** Of conditional rounding, 0..1. */
  readonly beta: number;
  readonly dimension: number;
}

export interface Exposure {
  /** Chance that a client takes part, hidden from the observer; 1 where it is not hidden. */
  readonly q: number;
  readonly steps: number;
  readonly delta: number;
}

export interface DistributedEpsilon {
  readonly epsilon: number;
  readonly order: number;
  readonly sensitivity: Sensitivity;
  readonly gap: number;
}

export function distributedEpsilon(mechanism: DistributedMechanism, exposure: Exposure): DistributedEpsilon {
  const { clipNorm, scale, beta, dimension, shares, localStdDev } = mechanism;
  const { q, steps, delta } = exposure;
  requirePositive('scale', scale);
  requireRange('steps', steps, 0);
  requirePositive('q', q);
  const sensitivity = roundedSensitivity(clipNorm * scale, beta, dimension);
  const totalStdDev = Math.sqrt(shares) * localStdDev * scale;
  const gap = mechanism.kind === 'skellam' ? 0 : convolutionGap(shares, localStdDev * scale);
  const rdpAt =
    mechanism.kind === 'skellam'
      ? (order: number) => skellamRdp(sensitivity, totalStdDev ** 2, order)
      : (order: number) => discreteGaussianSumRdp({ sensitivity, totalStdDev, gap, dimension }, order);
  const rdp = DISTRIBUTED_ORDERS.map((order) => {
    const whole = rdpAt(order);
    return steps === 0 ? 0 : steps * (q === 1 ? whole : Math.min(whole, sampledRdp(order, q, rdpAt)));
  });
  return { ...epsilonOfCurve({ orders: DISTRIBUTED_ORDERS, rdp }, delta), sensitivity, gap };
}
