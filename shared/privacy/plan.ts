/**
 * Noise and scale of a run under distributed Skellam noise, solved together so that a client's ε after all its
 * participations is at most the target (design: PRIVACY.md, "Pipeline of an update"). Everything a participant needs to
 * recompute ε is an integer or is in the plan.
 */
import type { Result } from '../base/result.ts';
import { fail, ok } from '../base/result.ts';
import { leastNoise } from './calibrate.ts';
import type { PlanSettings, SettingFault } from './plan-settings.ts';
import { MAX_BITS, settingFault } from './plan-settings.ts';
import { epsilonOfCurve } from './rdp/conversion.ts';
import { DISTRIBUTED_ORDERS } from './rdp/orders.ts';
import { roundedL1, roundedSensitivity, scaleForBits } from './rounding.ts';
import type { Sensitivity } from './skellam.ts';
import { skellamRdp } from './skellam.ts';

/** Of conditional rounding: a draw keeps to the norm bound with probability at least 1 − β. */
const BETA = Math.exp(-0.5);
/** Standard deviations of the noised sum that fit half the ring. */
const DEVIATIONS = 4;
/** A finer grid than gives one client's noise this many steps buys nothing. */
const MAX_SHARE_STEPS = 10_000;

export interface Plan {
  /** The accountant's answer for these integers: at most the target. */
  readonly epsilon: number;
  readonly order: number;
  /** Of a client whose fellows' noise is all known: only its own share protects it. */
  readonly epsilonAlone: number;
  /** h = minSurvivors − accomplices. */
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
  readonly sensitivity: Sensitivity;
  readonly paddedLength: number;
  /** n/h: how many times the variance exceeds what is counted when every share arrives. */
  readonly price: number;
  /** Norm of the noise in the mean update over the clip norm: at 1 it is as large as the largest update. */
  readonly noiseToClip: number;
  /** One upload, packed to the ring's bits. */
  readonly uploadBytes: number;
}

/** Refuses settings that are out of range or that no noise can meet, with the nearest value that works. */
export function planRun(settings: PlanSettings): Result<Plan, SettingFault> {
  const { epsilon } = settings;
  const fault = settingFault(settings);
  if (fault?.setting === 'epsilon') return fail({ ...fault, nearest: leastEpsilon(settings) });
  if (fault?.setting === 'bits') return fail({ ...fault, nearest: leastBits(settings, fault.nearest) });
  if (fault !== null) return fail(fault);
  const plan = solve(settings);
  if (plan !== null) return ok(plan);
  const bits = leastBits(settings, settings.bits + 1);
  if (bits !== null) {
    const reason = `bits ${settings.bits} are too few: no noise that fits the ring gives epsilon ${epsilon}`;
    return fail({ setting: 'bits', reason, nearest: bits });
  }
  const bound = largestLaneBound(settings);
  if (bound !== null) {
    const reason = `lanes ${settings.lanes.join(', ')} are too large beside the noise for epsilon ${epsilon}`;
    return fail({ setting: 'lanes', reason, nearest: bound });
  }
  const reason = `epsilon ${epsilon} is not reached by any noise that fits ${MAX_BITS} bits`;
  return fail({ setting: 'epsilon', reason, nearest: leastEpsilon({ ...settings, bits: MAX_BITS }) });
}

/** The fewest bits from `from` on with which some noise meets the target. */
function leastBits(settings: PlanSettings, from: number | null): number | null {
  for (let bits = from ?? MAX_BITS; bits <= MAX_BITS; bits++) {
    if (solve({ ...settings, bits }) !== null) return bits;
  }
  return null;
}

/** The largest bound on every lane with which some noise meets the target; null where lanes are not what hinders. */
function largestLaneBound(settings: PlanSettings): number | null {
  const fits = (bound: number): boolean =>
    solve({ ...settings, lanes: settings.lanes.map((lane) => Math.min(lane, bound)) }) !== null;
  if (settings.lanes.length === 0 || !fits(1)) return null;
  let [good, bad] = [1, Math.max(...settings.lanes)];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (fits(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

interface Grid {
  readonly scale: number;
  readonly noiseSteps: number;
  readonly squaredNormBound: number;
  readonly sensitivity: Sensitivity;
}

const countedShares = ({ minSurvivors, accomplices }: PlanSettings): number => minSurvivors - accomplices;

function solve(settings: PlanSettings): Plan | null {
  const epsilonAt = (noiseStdDev: number): number => {
    const grid = gridFor(settings, noiseStdDev);
    return grid === null ? Infinity : epsilonOf(settings, grid, 1).epsilon;
  };
  let noiseStdDev: number;
  try {
    noiseStdDev = leastNoise(epsilonAt, settings.epsilon, { from: 1e-6 * settings.clipNorm, factor: 1.25 });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  const grid = gridFor(settings, noiseStdDev);
  return grid === null ? null : planOf(settings, grid, noiseStdDev);
}

function planOf(settings: PlanSettings, grid: Grid, noiseStdDev: number): Plan {
  const { clients, clipNorm, parameters, bits, lanes } = settings;
  const shares = countedShares(settings);
  const paddedLength = lengthAfterPadding(parameters);
  const price = clients / shares;
  return {
    ...epsilonOf(settings, grid, 1),
    epsilonAlone: epsilonOf(settings, grid, shares).epsilon,
    countedShares: shares,
    noiseMultiplier: grid.noiseSteps / grid.sensitivity.l2,
    noiseSteps: grid.noiseSteps,
    shareSteps: grid.noiseSteps / Math.sqrt(shares),
    noiseStdDev,
    scale: grid.scale,
    squaredNormBound: grid.squaredNormBound,
    sensitivity: grid.sensitivity,
    paddedLength,
    price,
    noiseToClip: (noiseStdDev * Math.sqrt(price) * Math.sqrt(parameters)) / (clients * clipNorm),
    uploadBytes: Math.ceil((bits * (paddedLength + lanes.length)) / 8),
  };
}

/** The finest grid on which the sum, its noise and every lane fit the ring; null where none does. */
function gridFor(settings: PlanSettings, noiseStdDev: number): Grid | null {
  const { clients, clipNorm, bits, parameters, lanes } = settings;
  const shares = countedShares(settings);
  const dimension = lengthAfterPadding(parameters);
  const localStdDev = noiseStdDev / Math.sqrt(shares);
  if (2 ** (2 * bits) <= clients * DEVIATIONS ** 2) return null;
  const request = { localStdDev, clipNorm, bits, clients, dimension, deviations: DEVIATIONS, flatness: 1 };
  let scale = Math.min(scaleForBits(request), MAX_SHARE_STEPS / localStdDev);
  for (const bound of lanes) {
    const room = 2 ** (bits - 1) - clients * bound;
    scale = Math.min(scale, room / (DEVIATIONS * localStdDev * Math.sqrt(clients)));
  }
  if (!(scale > 0)) return null;
  const rounded = roundedSensitivity(clipNorm * scale, BETA, dimension);
  const squaredNormBound = Math.floor(rounded.l2 ** 2);
  const l2 = Math.sqrt(squaredNormBound);
  const sensitivity = {
    l2: Math.sqrt(squaredNormBound + lanes.reduce((sum, bound) => sum + bound ** 2, 0)),
    l1: roundedL1(l2, dimension) + lanes.reduce((sum, bound) => sum + bound, 0),
  };
  return { scale, noiseSteps: noiseStdDev * scale, squaredNormBound, sensitivity };
}

/** After all of one client's participations, with only one in `missing` of the counted variance there. */
function epsilonOf(
  { participations, delta }: PlanSettings,
  { sensitivity, noiseSteps }: Grid,
  missing: number,
): { readonly epsilon: number; readonly order: number } {
  const variance = noiseSteps ** 2 / missing;
  const rdp = DISTRIBUTED_ORDERS.map((order) => participations * skellamRdp(sensitivity, variance, order));
  return epsilonOfCurve({ orders: DISTRIBUTED_ORDERS, rdp }, delta);
}

/** The least ε, rounded up to two digits, that some noise gives; null where none fits at all. */
function leastEpsilon(settings: PlanSettings): number | null {
  let least = Infinity;
  for (let noise = 1e-3 * settings.clipNorm; noise < 1e9 * settings.clipNorm; noise *= 1.5) {
    const grid = gridFor(settings, noise);
    if (grid !== null) least = Math.min(least, epsilonOf(settings, grid, 1).epsilon);
  }
  if (least === Infinity) return null;
  const unit = 10 ** (Math.floor(Math.log10(Math.max(least, 1e-3))) - 1);
  return Number((Math.ceil(least / unit + 1e-9) * unit).toPrecision(2));
}

/** Share of the parameters that padding may add. */
const PADDING_SHARE = 1 / 16;

/**
 * Length after padding to power-of-two blocks for the Hadamard rotation: the largest blocks first, until the last one
 * is filled up with at most a sixteenth of the whole.
 */
export function lengthAfterPadding(parameters: number): number {
  const allowed = parameters * PADDING_SHARE;
  let length = 0;
  for (let rest = parameters; rest > 0;) {
    const filled = 2 ** Math.ceil(Math.log2(rest));
    const block = filled - rest <= allowed ? filled : filled / 2;
    length += block;
    rest -= block;
  }
  return length;
}
