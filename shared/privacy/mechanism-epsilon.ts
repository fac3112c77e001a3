/**
 * ε of one client under the noise of a run, from whole numbers and σ alone: what the planner solves with and what every
 * tab computes again from an offer (design: PRIVACY.md, "Formulas", "Extra lanes").
 */
import { lengthAfterPadding } from '../numeric/rotate.ts';
import type { MechanismParameters, NoiseMode } from './mechanism-parameters.ts';
import { countedShares, isSound } from './mechanism-parameters.ts';
import { epsilonOfCurve } from './rdp/conversion.ts';
import { DEFAULT_ORDERS, DISTRIBUTED_ORDERS } from './rdp/orders.ts';
import { roundedL1 } from './rounding.ts';
import { SAMPLING_SHARE, samplingDelta } from './sampling-cost.ts';
import type { Sensitivity } from './skellam.ts';
import { skellamRdp } from './skellam.ts';

/** Of integer vectors whose `dimension` rotated lanes have squares of sum ≤ `squaredNormBound`, and of extra lanes within ± their bounds. */
export function integerSensitivity(
  squaredNormBound: number,
  dimension: number,
  lanes: readonly number[],
): Sensitivity {
  return {
    l2: Math.sqrt(squaredNormBound + lanes.reduce((sum, bound) => sum + bound ** 2, 0)),
    l1: roundedL1(Math.sqrt(squaredNormBound), dimension) + lanes.reduce((sum, bound) => sum + bound, 0),
  };
}

export interface CountedNoise {
  readonly mode: NoiseMode;
  readonly sensitivity: Sensitivity;
  /** Of the noise that is counted on, grid steps squared. */
  readonly variance: number;
  readonly participations: number;
}

/** After all of a client's participations; ∞ where no noise is added. */
export function epsilonOfNoise(
  { mode, sensitivity, variance, participations }: CountedNoise,
  delta: number,
): { readonly epsilon: number; readonly order: number } {
  if (mode === 'none') return { epsilon: Infinity, order: 0 };
  const orders = mode === 'distributed' ? DISTRIBUTED_ORDERS : DEFAULT_ORDERS;
  const rdpAt =
    mode === 'distributed'
      ? (order: number) => skellamRdp(sensitivity, variance, order)
      : (order: number) => (order * sensitivity.l2 ** 2) / (2 * variance);
  return epsilonOfCurve({ orders, rdp: orders.map((order) => participations * rdpAt(order)) }, delta);
}

/**
 * ε of a client after so many participations, at `delta`, sampling's part of it included. ∞ where no noise is added or
 * where the parameters are not ones that a mechanism can have: a tab asks this of what it was sent.
 */
export function epsilonOfOffer(
  parameters: MechanismParameters,
  participations: number,
  delta: number,
): number {
  if (parameters.mode === 'none' || !isSound(parameters)) return Infinity;
  if (!(Number.isSafeInteger(participations) && participations >= 0 && delta > 0 && delta < 1))
    return Infinity;
  const { mode, squaredNormBound, noiseSteps, lanes } = parameters;
  const dimension = lengthAfterPadding(parameters.parameters);
  const sensitivity = integerSensitivity(squaredNormBound, dimension, lanes);
  const noise = { mode, sensitivity, variance: noiseSteps ** 2, participations };
  const epsilonAt = (left: number): number => epsilonOfNoise(noise, left).epsilon;
  const spent = samplingDelta({
    epsilon: epsilonAt(delta * (1 - SAMPLING_SHARE)),
    participations,
    countedShares: countedShares(parameters),
    dimension: dimension + lanes.length,
  });
  return spent <= SAMPLING_SHARE * delta ? epsilonAt(delta - spent) : Infinity;
}
