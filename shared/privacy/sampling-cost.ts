/** What it costs in δ that noise is drawn from tables, which are near the true distribution but not it. */
import type { NoiseTable } from './noise-table.ts';

/** η of every table there can be: 2^18 thresholds, more than a deviation of 2^14 has (noise-table). */
export const MAX_TOTAL_VARIATION: NoiseTable['totalVariation'] = 2 ** -109;

/** A larger share of δ is not spent on sampling: such a plan is refused. */
export const SAMPLING_SHARE = 1e-3;

export interface SampledNoise {
  readonly epsilon: number;
  /** Of one client. */
  readonly participations: number;
  /** h: draws that are counted on in a lane. */
  readonly countedShares: number;
  /** Lanes. */
  readonly dimension: number;
}

/** (1 + e^ε)·k·h·d·η: each of the draws may be told from a true one with advantage η, on both sides of ε. */
export const samplingDelta = (noise: SampledNoise): number =>
  (1 + Math.exp(noise.epsilon)) * drawsTold(noise);

/** The largest ε at which `samplingDelta` is at most `delta`; below 0 where none is. */
export const largestSampledEpsilon = (noise: Omit<SampledNoise, 'epsilon'>, delta: number): number =>
  Math.log(Math.max(0, delta / drawsTold(noise) - 1));

const drawsTold = (noise: Omit<SampledNoise, 'epsilon'>): number =>
  noise.participations * noise.countedShares * noise.dimension * MAX_TOTAL_VARIATION;
