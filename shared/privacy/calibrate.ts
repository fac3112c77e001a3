/** The least noise that meets a target ε. Every answer errs to more noise: ε at it is at most the target. */
import { requirePositive, requireRange } from './checks.ts';
import type { DistributedMechanism, Exposure } from './distributed.ts';
import { distributedEpsilon } from './distributed.ts';
import { bracketRoot } from '../numeric/roots.ts';
import { epsilonByLosses } from './pld/accountant.ts';
import { composeCurves, epsilonOfCurve } from './rdp/conversion.ts';
import { poissonGaussianRdp } from './rdp/gaussian.ts';
import { INTEGER_ORDERS } from './rdp/orders.ts';
import { scaleForBits } from './rounding.ts';

const SMALLEST_NOISE = 1e-4;
/** The search ends at this many times its start. */
const SEARCH_RANGE = 1e14;

/**
 * The least x in a geometric range at which the decreasing `epsilonAt` is at most `target`; the search walks up from
 * the small end, since past the least one ε may rise again. Throws RangeError where none is.
 */
export function leastNoise(
  epsilonAt: (noise: number) => number,
  target: number,
  { from = SMALLEST_NOISE, factor = 4, relative = 1e-13 } = {},
): number {
  requirePositive('target_epsilon', target);
  let low = from;
  if (epsilonAt(low) <= target) return low;
  for (let high = low * factor; high <= from * SEARCH_RANGE; high *= factor) {
    if (epsilonAt(high) <= target) {
      const excess = (noise: number): number => Math.min(1e6, epsilonAt(noise) / target) - 1;
      return bracketRoot(excess, { low, high }, relative).high;
    }
    low = high;
  }
  throw new RangeError(`target_epsilon: ${target} is not reached by any noise`);
}

export interface SampledGaussianTarget {
  readonly epsilon: number;
  readonly delta: number;
  readonly q: number;
  readonly steps: number;
}

/** Noise multiplier by Rényi divergence at the integer orders. */
export function sigmaByRdp({ epsilon, delta, q, steps }: SampledGaussianTarget): number {
  requireRange('steps', steps, 0);
  return leastNoise((sigma) => {
    const part = { rdp: poissonGaussianRdp(q, sigma, INTEGER_ORDERS), count: steps };
    return epsilonOfCurve(composeCurves(INTEGER_ORDERS, [part]), delta).epsilon;
  }, epsilon);
}

/** Relative width to which the search by loss distributions, whose every step is costly, is carried. */
const LOSSES_RELATIVE = 1e-4;
/** And to which ε is then known: a coarser grid only asks for more noise. */
const LOSSES_SHARE = 2e-3;

/** Noise multiplier by privacy loss distributions; never above the one by Rényi divergence, from which it starts. */
export function sigmaByLosses(target: SampledGaussianTarget): number {
  const { epsilon, delta, q, steps } = target;
  const upper = sigmaByRdp(target);
  const epsilonAt = (sigma: number): number =>
    epsilonByLosses([{ kind: 'poisson-gaussian', q, sigma, count: steps }], delta, LOSSES_SHARE);
  let low = 0.8 * upper;
  while (low > SMALLEST_NOISE && epsilonAt(low) <= epsilon) low *= 0.8;
  return leastNoise(epsilonAt, epsilon, { from: low, factor: upper / low, relative: LOSSES_RELATIVE });
}

/** Standard deviation of one noise share, real units, at a given scale. */
export function localStdDevAtScale(
  mechanism: Omit<DistributedMechanism, 'localStdDev'>,
  exposure: Exposure,
  target: number,
): number {
  const epsilonAt = (localStdDev: number): number =>
    distributedEpsilon({ ...mechanism, localStdDev }, exposure).epsilon;
  return leastNoise(epsilonAt, target, { from: 1e-6 * mechanism.clipNorm });
}

export interface RingRequest {
  readonly bits: number;
  /** Clients whose sum must fit the ring. */
  readonly clients: number;
  readonly deviations: number;
  readonly target: number;
}

/** Scale and share together: more noise leaves less room in the ring for the grid, and so more rounding. */
export function shareAndScale(
  mechanism: Omit<DistributedMechanism, 'localStdDev' | 'scale'>,
  exposure: Exposure,
  { bits, clients, deviations, target }: RingRequest,
): { readonly localStdDev: number; readonly scale: number; readonly epsilon: number } {
  const { clipNorm, dimension } = mechanism;
  const scaleAt = (localStdDev: number): number =>
    scaleForBits({ localStdDev, clipNorm, bits, clients, dimension, deviations, flatness: 1 });
  const epsilonAt = (localStdDev: number): number =>
    distributedEpsilon({ ...mechanism, localStdDev, scale: scaleAt(localStdDev) }, exposure).epsilon;
  const localStdDev = leastNoise(epsilonAt, target, { from: 1e-6 * clipNorm, factor: 1.25 });
  return { localStdDev, scale: scaleAt(localStdDev), epsilon: epsilonAt(localStdDev) };
}
