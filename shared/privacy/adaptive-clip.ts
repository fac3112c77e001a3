/**
 * A clip norm that follows the updates (Andrew, Thakkar, McMahan, Ramaswamy, "Differentially Private Learning with
 * Adaptive Clipping", NeurIPS 2021, arXiv 1905.03871): in an extra lane every client adds +B where its update kept to
 * the round's clip and −B where it did not, and the noised sum of that moves the next round's clip towards the median
 * of the norms. In grid steps the mechanism stays as it is, so that each round costs the same: what changes is the map
 * from the update's units to the grid.
 */
import { requirePositive } from './checks.ts';
import { l2Norm } from './clip.ts';
import type { MechanismParameters } from './mechanism-parameters.ts';
import { CLIP_RANGE } from './plan-settings.ts';

/** γ: the share of updates that should keep to the clip; at a half it settles at the median of their norms. */
const TARGET_SHARE = 0.5;
/** η_C, in the logarithm of the clip a round (section 3.1 of the paper). */
const CLIP_LEARNING_RATE = 0.2;
/** σ_b over the cohort: the noise that is counted on, in the number of clients within the clip. */
const COUNT_DEVIATION = 1 / 20;

/**
 * Noise multiplier of the update so that it and a ±½ bit with noise `bitStdDev` together cost what one mechanism of
 * multiplier `z` costs: 1/z² = 1/z_Δ² + 1/(2σ_b)² (Theorem 1). Refuses a bit so exact that it alone costs more.
 */
export function updateNoiseMultiplier(z: number, bitStdDev: number): number {
  requirePositive('z', z);
  requirePositive('sigma_b', bitStdDev);
  const remaining = z ** -2 - (2 * bitStdDev) ** -2;
  if (!(remaining > 0))
    throw new RangeError(`sigma_b: ${bitStdDev} leaves nothing for the update at z = ${z}`);
  return remaining ** -0.5;
}

/** σ/2σ_b before it is rounded up to B; `noise` is the counted σ, in any unit. */
export const laneBoundOf = (noise: number, clients: number): number =>
  noise / (2 * COUNT_DEVIATION * clients);

/** B ≥ 1: the lane's bound beside counted noise of `noiseSteps` grid steps, for the largest cohort. */
export const clipLaneBound = (noiseSteps: number, clients: number): number =>
  Math.max(1, Math.ceil(laneBoundOf(noiseSteps, clients)));

/** The only extra lane there is in this version is the clip's. */
export const adaptsClip = ({ lanes }: Pick<MechanismParameters, 'lanes'>): boolean => lanes.length === 1;

/** A participant's values of the extra lanes, for an update [parameters] as it was trained: before it is clipped. */
export const laneValuesOf = (
  update: Float32Array,
  { clipNorm, lanes }: Pick<MechanismParameters, 'clipNorm' | 'lanes'>,
): number[] => lanes.map((bound) => (l2Norm(update) <= clipNorm ? bound : -bound));

/**
 * b̃: what a noised sum of the lane says of the share of `survivors` whose updates kept to the clip, 0..1. One whose
 * training failed added 0 and counts as a half.
 */
export const shareWithinClip = (laneSum: number, bound: number, survivors: number): number =>
  Math.min(1, Math.max(0, 0.5 + laneSum / (2 * bound * survivors)));

/** C·exp(−η_C(b̃ − γ)), of the round after one with clip norm `clipNorm` (Algorithm 1). */
export const nextClipNorm = (clipNorm: number, share: number): number =>
  Math.min(
    CLIP_RANGE.high,
    Math.max(CLIP_RANGE.low, clipNorm * Math.exp(-CLIP_LEARNING_RATE * (share - TARGET_SHARE))),
  );

/** The same mechanism in grid steps, for updates of another clip norm: what it costs does not change. */
export const withClipNorm = <One extends Pick<MechanismParameters, 'clipNorm' | 'scale'>>(
  mechanism: One,
  clipNorm: number,
): One => ({ ...mechanism, clipNorm, scale: (mechanism.scale * mechanism.clipNorm) / clipNorm });
