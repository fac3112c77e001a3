/**
 * Noise and scale of a run, solved together so that a client's ε after all its participations is at most the target
 * (design: PRIVACY.md, "Pipeline of an update"). Everything a participant needs to recompute ε is an integer or is in
 * the plan.
 */
import { AUXILIARY_LANES } from '../protocol/limits.ts';
import type { Result } from '../base/result.ts';
import { fail, ok } from '../base/result.ts';
import { bisect } from '../numeric/bisection.ts';
import { lengthAfterPadding } from '../numeric/rotate.ts';
import { clipLaneBound, laneBoundOf } from './adaptive-clip.ts';
import { adaptiveClipPlan, crowdFault, leavesEnough, type AdaptiveClipPlan } from './adaptive-clip-plan.ts';
import { leastNoise } from './calibrate.ts';
import { epsilonOfNoise, integerSensitivity } from './mechanism-epsilon.ts';
import type { PlanSettings, SettingFault } from './plan-settings.ts';
import { MAX_BITS, settingFault } from './plan-settings.ts';
import { roundedSensitivity, scaleForBits } from './rounding.ts';
import type { SampledNoise } from './sampling-cost.ts';
import { largestSampledEpsilon, SAMPLING_SHARE, samplingDelta } from './sampling-cost.ts';
import type { Sensitivity } from './skellam.ts';

/** Of conditional rounding: a draw keeps to the norm bound with probability at least 1 − β. */
const BETA = Math.exp(-0.5);
/** Standard deviations of the noised sum that fit half the ring. */
const DEVIATIONS = 4;
/** A finer grid than gives one draw of noise this many steps buys nothing. */
const MAX_DRAW_STEPS = 10_000;
/** On a coarser one a draw is nearly always 0, and tables of it are not made. */
const MIN_DRAW_STEPS = 0.1;
/** Nor does a finer grid than single precision has steps up to the clip norm; ⌊Δ₂²⌋ is then below 2^53. */
const MAX_CLIP_STEPS = 2 ** 24;

export interface Plan {
  /** The accountant's answer for these integers: at most the target. */
  readonly epsilon: number;
  readonly order: number;
  /** Of a client whose fellows' noise is all known: only its own protects it, and none does in the central mode. */
  readonly epsilonAlone: number;
  /** h = minSurvivors − accomplices; 1 where the noise is one draw. */
  readonly countedShares: number;
  /** z: standard deviation of the counted noise over the L2 sensitivity. */
  readonly noiseMultiplier: number;
  /** σ of the counted noise and of one share: grid steps. */
  readonly noiseSteps: number;
  readonly shareSteps: number;
  /** σ of the counted noise in the update's own units. */
  readonly noiseStdDev: number;
  /** Grid steps per unit. */
  readonly scale: number;
  /** ⌊Δ₂²⌋ that a rounded update must keep to, before extra lanes. */
  readonly squaredNormBound: number;
  /** Bounds of the extra lanes: those of the settings, or the one that adapts the clip. */
  readonly lanes: readonly number[];
  readonly sensitivity: Sensitivity;
  readonly paddedLength: number;
  /** n/h (n in the local mode, 1 in the central): the variance in the sum of all over what is counted. */
  readonly price: number;
  /** Norm of the noise in the mean update over the clip norm: at 1 it is as large as the largest update. */
  readonly noiseToClip: number;
  /** One upload, packed to the ring's bits. */
  readonly uploadBytes: number;
  /** What adapting the clip takes; null where it stays. */
  readonly adaptiveClip: AdaptiveClipPlan | null;
}

/** Refuses settings that are out of range or that no noise can meet, with the nearest value that works. */
export function planRun(settings: PlanSettings): Result<Plan, SettingFault> {
  const { epsilon } = settings;
  const fault = settingFault(settings);
  if (fault?.setting === 'epsilon') return fail({ ...fault, nearest: leastEpsilon(settings) });
  if (fault?.setting === 'bits') return fail({ ...fault, nearest: leastBits(settings, fault.nearest) });
  if (fault !== null) return fail(fault);
  const largest = sampledEpsilonLimit(settings);
  if (settings.mode !== 'none' && epsilon > largest) {
    const reason = `epsilon ${epsilon} is more than drawing the noise leaves of delta ${settings.delta}`;
    if (largest >= 0.1) return fail({ setting: 'epsilon', reason, nearest: Math.floor(largest * 10) / 10 });
    return fail({ setting: 'delta', reason: tooSmall(settings), nearest: leastDelta(settings) });
  }
  const plan = solve(settings);
  if (plan !== null && isGood(settings, plan)) return ok(plan);
  const fixed = settings.adaptiveClip === true ? solveFixed(settings) : null;
  const bits = leastBits(settings, settings.bits + 1);
  if (bits !== null) {
    const beside = fixed === null ? '' : ' beside the count for an adaptive clip';
    const reason = `bits ${settings.bits} are too few: no noise that fits the ring${beside} gives epsilon ${epsilon}`;
    return fail({ setting: 'bits', reason, nearest: bits });
  }
  if (settings.adaptiveClip === true) {
    const noiseMultiplier = (fixed ?? solveFixed({ ...settings, bits: MAX_BITS }))?.noiseMultiplier;
    if (noiseMultiplier !== undefined)
      return fail(crowdFault(settings, { works, noiseMultiplier, largestEpsilon: largest }));
  }
  const bound = largestLaneBound(settings);
  if (bound !== null) {
    const reason = `lanes ${settings.lanes.join(', ')} are too large beside the noise for epsilon ${epsilon}`;
    return fail({ setting: 'lanes', reason, nearest: bound });
  }
  const reason = `epsilon ${epsilon} is not reached by any noise that fits ${MAX_BITS} bits`;
  return fail({ setting: 'epsilon', reason, nearest: leastEpsilon({ ...settings, bits: MAX_BITS }) });
}

/** Whether the settings can be had, an adaptive clip included. */
const isGood = ({ adaptiveClip }: PlanSettings, grid: Pick<Grid, 'lanes' | 'sensitivity'>): boolean =>
  adaptiveClip !== true || leavesEnough(grid);

const works = (settings: PlanSettings): boolean => {
  const plan = settingFault(settings) === null ? solve(settings) : null;
  return plan !== null && isGood(settings, plan);
};

/** With the clip as it is. */
const solveFixed = (settings: PlanSettings): Plan | null => solve({ ...settings, adaptiveClip: false });

/** Above it, sampling would take more than its share of δ; half of that is kept back for what it adds to ε. */
const sampledEpsilonLimit = (settings: PlanSettings): number =>
  largestSampledEpsilon(sampledNoise(settings), (SAMPLING_SHARE / 2) * settings.delta);

const tooSmall = ({ delta, epsilon }: PlanSettings): string =>
  `delta ${delta} is less than drawing the noise may add to it at epsilon ${epsilon}`;

/** The least δ, rounded up to two digits, of which drawing the noise takes no more than its share; null where none serves. */
function leastDelta(settings: PlanSettings): number | null {
  const least = samplingDelta(sampledNoise(settings)) / (SAMPLING_SHARE / 2);
  const delta = twoDigitsUp(least);
  return delta < 1 / settings.clients && planRun({ ...settings, delta }).ok ? delta : null;
}

/** The fewest bits from `from` on with which some noise meets the target. */
function leastBits(settings: PlanSettings, from: number | null): number | null {
  for (let bits = from ?? MAX_BITS; bits <= MAX_BITS; bits++) {
    if (works({ ...settings, bits })) return bits;
  }
  return null;
}

/** The largest bound on every lane with which some noise meets the target; null where lanes are not what hinders. */
function largestLaneBound(settings: PlanSettings): number | null {
  const fits = (bound: number): boolean =>
    solve({ ...settings, lanes: settings.lanes.map((lane) => Math.min(lane, bound)) }) !== null;
  if (settings.lanes.length === 0 || !fits(1)) return null;
  return bisect(Math.max(...settings.lanes), 1, fits);
}

interface Grid {
  readonly scale: number;
  readonly noiseSteps: number;
  readonly squaredNormBound: number;
  readonly lanes: readonly number[];
  readonly sensitivity: Sensitivity;
}

/** h, whose shares together are the counted noise; other modes add it in one draw. */
const countedShares = ({ mode = 'distributed', minSurvivors, accomplices }: PlanSettings): number =>
  mode === 'distributed' ? minSurvivors - accomplices : 1;

/** How many draws, each of a counted share, are in the sum of all clients. */
const sharesInSum = ({ mode = 'distributed', clients }: PlanSettings): number =>
  mode === 'central' || mode === 'none' ? 1 : clients;

function solve(settings: PlanSettings): Plan | null {
  const noiseStdDev = settings.mode === 'none' ? 0 : solveNoise(settings);
  if (noiseStdDev === null) return null;
  const grid = gridFor(settings, noiseStdDev);
  return grid === null ? null : planOf(settings, grid, noiseStdDev);
}

function solveNoise(settings: PlanSettings): number | null {
  const delta = settings.delta - 2 * samplingDelta(sampledNoise(settings));
  const epsilonAt = (noiseStdDev: number): number => {
    const grid = gridFor(settings, noiseStdDev);
    return grid === null ? Infinity : epsilonOf(settings, grid, delta, 1).epsilon;
  };
  try {
    return leastNoise(epsilonAt, settings.epsilon, { from: 1e-6 * settings.clipNorm, factor: 1.25 });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function planOf(settings: PlanSettings, grid: Grid, noiseStdDev: number): Plan {
  const { mode, clients, clipNorm, parameters, bits, delta } = settings;
  const shares = countedShares(settings);
  const paddedLength = lengthAfterPadding(parameters);
  const price = sharesInSum(settings) / shares;
  return {
    ...epsilonOf(settings, grid, delta, 1),
    epsilonAlone: mode === 'central' ? Infinity : epsilonOf(settings, grid, delta, shares).epsilon,
    countedShares: shares,
    noiseMultiplier: grid.noiseSteps / grid.sensitivity.l2,
    noiseSteps: grid.noiseSteps,
    shareSteps: grid.noiseSteps / Math.sqrt(shares),
    noiseStdDev,
    scale: grid.scale,
    squaredNormBound: grid.squaredNormBound,
    lanes: grid.lanes,
    sensitivity: grid.sensitivity,
    paddedLength,
    price,
    noiseToClip: (noiseStdDev * Math.sqrt(price) * Math.sqrt(parameters)) / (clients * clipNorm),
    uploadBytes: Math.ceil((bits * (paddedLength + grid.lanes.length + AUXILIARY_LANES)) / 8),
    adaptiveClip: settings.adaptiveClip === true ? adaptiveClipPlan(grid, { clients, price }) : null,
  };
}

/** The finest grid on which the sum, its noise and every lane fit the ring; null where none does. */
function gridFor(settings: PlanSettings, noiseStdDev: number): Grid | null {
  const { clients, clipNorm, bits, parameters, adaptiveClip = false } = settings;
  const dimension = lengthAfterPadding(parameters);
  const drawStdDev = noiseStdDev / Math.sqrt(countedShares(settings));
  const sumStdDev = drawStdDev * Math.sqrt(sharesInSum(settings));
  if (2 ** (2 * bits) <= clients * DEVIATIONS ** 2) return null;
  const localStdDev = sumStdDev / Math.sqrt(clients);
  const request = { localStdDev, clipNorm, bits, clients, dimension, deviations: DEVIATIONS, flatness: 1 };
  let scale = Math.min(scaleForBits(request), MAX_DRAW_STEPS / drawStdDev, MAX_CLIP_STEPS / clipNorm);
  for (const bound of settings.lanes) {
    const room = 2 ** (bits - 1) - clients * bound;
    scale = Math.min(scale, room / (DEVIATIONS * sumStdDev));
  }
  if (adaptiveClip) {
    // n·B, which grows with σ, is at most this many deviations and n for the rounding up.
    const bounds = clients * laneBoundOf(noiseStdDev, clients);
    scale = Math.min(scale, (2 ** (bits - 1) - clients) / (bounds + DEVIATIONS * sumStdDev));
  }
  if (!(scale > 0) || (drawStdDev > 0 && scale * drawStdDev < MIN_DRAW_STEPS)) return null;
  const rounded = roundedSensitivity(clipNorm * scale, BETA, dimension);
  const squaredNormBound = Math.floor(rounded.l2 ** 2);
  const noiseSteps = noiseStdDev * scale;
  const lanes = adaptiveClip ? [...settings.lanes, clipLaneBound(noiseSteps, clients)] : settings.lanes;
  return {
    scale,
    noiseSteps,
    squaredNormBound,
    lanes,
    sensitivity: integerSensitivity(squaredNormBound, dimension, lanes),
  };
}

/** After all of one client's participations, with only one in `missing` of the counted variance there. */
function epsilonOf(
  { mode = 'distributed', participations }: PlanSettings,
  { sensitivity, noiseSteps }: Grid,
  delta: number,
  missing: number,
): { readonly epsilon: number; readonly order: number } {
  return epsilonOfNoise({ mode, sensitivity, variance: noiseSteps ** 2 / missing, participations }, delta);
}

const sampledNoise = (settings: PlanSettings): SampledNoise => ({
  epsilon: settings.epsilon,
  participations: settings.participations,
  countedShares: countedShares(settings),
  dimension:
    lengthAfterPadding(settings.parameters) +
    settings.lanes.length +
    (settings.adaptiveClip === true ? 1 : 0),
});

/** The least ε, rounded up to two digits, that some noise gives; null where none fits at all. */
function leastEpsilon(settings: PlanSettings): number | null {
  let least = Infinity;
  for (let noise = 1e-3 * settings.clipNorm; noise < 1e9 * settings.clipNorm; noise *= 1.5) {
    const grid = gridFor(settings, noise);
    if (grid !== null && isGood(settings, grid))
      least = Math.min(least, epsilonOf(settings, grid, settings.delta, 1).epsilon);
  }
  if (!(least <= sampledEpsilonLimit(settings))) return null;
  return twoDigitsUp(least, 1e-3);
}

/** Rounded up to two digits; what is below `smallest`, to the digits that this has. */
function twoDigitsUp(value: number, smallest = 0): number {
  const unit = 10 ** (Math.floor(Math.log10(Math.max(value, smallest))) - 1);
  return Number((Math.ceil(value / unit + 1e-9) * unit).toPrecision(2));
}
