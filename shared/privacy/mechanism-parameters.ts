/**
 * The mechanism of a run as an offer carries it: whole numbers, σ and s, from which every tab can tell what it would
 * take part in (design: PRIVACY.md, "Pipeline of an update").
 */
import { lengthAfterPadding } from '../numeric/rotate.ts';
import { MAX_COHORT, MAX_VECTOR_WORDS } from '../protocol/limits.ts';
import { isTableVariance } from './noise-weights.ts';
import { CLIP_RANGE, MAX_BITS } from './plan-settings.ts';

/**
 * Who adds noise: `distributed` every tab a Skellam share; `central` the coordinator, and `local` every tab, all of it
 * as a discrete Gaussian; `none` nobody.
 */
export type NoiseMode = 'distributed' | 'central' | 'local' | 'none';

export interface MechanismParameters {
  readonly mode: NoiseMode;
  /** Of the model, before padding. */
  readonly parameters: number;
  /** W: sums are modulo 2^W. */
  readonly bits: number;
  /** Fewer contributions are never unmasked. */
  readonly minSurvivors: number;
  /** a ≥ 1: of them, those whose noise is not counted on. */
  readonly accomplices: number;
  /** L2 norm of an update, at most; where it adapts, that of the round (adaptive-clip). */
  readonly clipNorm: number;
  /** s: grid steps per unit. */
  readonly scale: number;
  /** σ of the counted noise, grid steps; 0 in mode `none`. */
  readonly noiseSteps: number;
  /** ⌊Δ₂²⌋: no rounded update has a larger sum of squares. */
  readonly squaredNormBound: number;
  /** Whole-number bounds of the values in extra lanes, which follow the padded update. */
  readonly lanes: readonly number[];
}

/** h: shares that together have the variance σ²; 1 where one draw has it. */
export const countedShares = ({ mode, minSurvivors, accomplices }: MechanismParameters): number =>
  mode === 'distributed' ? minSurvivors - accomplices : 1;

/** Variance of one draw, grid steps squared: σ²/h of a distributed share. */
export const drawVariance = (parameters: MechanismParameters): number =>
  parameters.noiseSteps ** 2 / countedShares(parameters);

/** Ring words of one contribution: the padded update, then the extra lanes. */
export const mechanismWords = ({ parameters, lanes }: MechanismParameters): number =>
  lengthAfterPadding(parameters) + lanes.length;

/** Whole numbers in their ranges, and noise that a table can be made of. */
export function isSound(parameters: MechanismParameters): boolean {
  const { bits, minSurvivors, accomplices, clipNorm, scale, squaredNormBound, lanes } = parameters;
  const wholes: [number, number, number][] = [
    [parameters.parameters, 1, MAX_VECTOR_WORDS],
    [bits, 1, MAX_BITS],
    [minSurvivors, 2, MAX_COHORT],
    [accomplices, 1, minSurvivors - 1],
    [squaredNormBound, 0, Number.MAX_SAFE_INTEGER],
    ...lanes.map((bound): [number, number, number] => [bound, 1, 2 ** (MAX_BITS - 1)]),
  ];
  return (
    wholes.every(([value, low, high]) => Number.isSafeInteger(value) && value >= low && value <= high) &&
    clipNorm >= CLIP_RANGE.low &&
    clipNorm <= CLIP_RANGE.high &&
    scale > 0 &&
    Number.isFinite(scale) &&
    hasSoundNoise(parameters)
  );
}

const hasSoundNoise = (parameters: MechanismParameters): boolean =>
  parameters.mode === 'none'
    ? parameters.noiseSteps === 0
    : parameters.noiseSteps > 0 && isTableVariance(drawVariance(parameters));
