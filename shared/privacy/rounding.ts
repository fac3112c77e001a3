/**
 * Sensitivities after conditional rounding to integers, and the scale that fits a ring (Kairouz, Liu, Steinke,
 * "The Distributed Discrete Gaussian Mechanism", ICML 2021, Theorem 1 and equation 61). Integer-grid units.
 */
import type { Sensitivity } from './skellam.ts';
import { requireInteger, requirePositive, requireRange } from './checks.ts';

/**
 * Norms of an integer vector [dimension] that was rounded at random from one of L2 norm ≤ `scaledNorm` and redrawn
 * until it met this bound, which a draw meets with probability at least 1 − `beta`; β = 0 is the bound of every draw.
 */
export function roundedSensitivity(scaledNorm: number, beta: number, dimension: number): Sensitivity {
  requirePositive('scaled_l2', scaledNorm);
  if (!(beta >= 0 && beta < 1)) throw new RangeError(`beta: ${beta} is not in 0..1 without 1`);
  requireInteger('dim', dimension, 1);
  const root = Math.sqrt(dimension);
  let l2 = scaledNorm + root;
  if (beta > 0) {
    const squared =
      scaledNorm ** 2 + 0.25 * dimension + Math.sqrt(2 * Math.log(1 / beta)) * (scaledNorm + 0.5 * root);
    l2 = Math.min(l2, Math.sqrt(squared));
  }
  return { l2, l1: roundedL1(l2, dimension) };
}

/** Of an integer vector: L1 ≤ √d·L2 and L1 ≤ L2². */
export const roundedL1 = (l2: number, dimension: number): number => l2 * Math.min(Math.sqrt(dimension), l2);

export interface ScaleRequest {
  /** Standard deviation of one client's noise share, real units. */
  readonly localStdDev: number;
  readonly clipNorm: number;
  readonly bits: number;
  readonly clients: number;
  readonly dimension: number;
  /** Standard deviations of the noised sum that must fit half the ring. */
  readonly deviations: number;
  /** Flatness of the rotation; 1 unless said. */
  readonly flatness: number;
}

/** Grid steps per real unit at which `deviations` standard deviations of the sum fit 2^bits. */
export function scaleForBits(request: ScaleRequest): number {
  const { localStdDev, clipNorm, bits, clients, dimension, deviations, flatness } = request;
  requireRange('local_stddev', localStdDev, 0);
  requirePositive('l2_clip', clipNorm);
  requireRange('bits', bits, 1, 500);
  requirePositive('num_clients', clients);
  requirePositive('dim', dimension);
  requirePositive('k_stddevs', deviations);
  requirePositive('rho', flatness);
  const room = 2 ** (2 * bits) - clients * deviations ** 2;
  if (room < 0)
    throw new RangeError(`bits: ${bits} are too few for the rounding of ${clients} clients alone`);
  const signal = (flatness / dimension) * clipNorm ** 2 * clients ** 2;
  return Math.sqrt(room) / (2 * deviations * Math.sqrt(signal + clients * localStdDev ** 2));
}
