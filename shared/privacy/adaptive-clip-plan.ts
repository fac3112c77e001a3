/** What an adaptive clip takes of a run's budget, and in which cohort it can be (design: PRIVACY.md, "Extra lanes"). */
import { invariant } from '../base/invariant.ts';
import { bisect } from '../numeric/bisection.ts';
import { MAX_COHORT } from '../protocol/limits.ts';
import type { PlanSettings, SettingFault } from './plan-settings.ts';
import type { Sensitivity } from './skellam.ts';

/**
 * Of 1/z², at most: what the count takes in a cohort of n = 20z, where 1/z² = 1/z_Δ² + 1/(2σ_b)² with σ_b = n/20. The
 * lane's bound as it is, rounded up to a whole number, is held against it.
 */
const LARGEST_PART = 1 / 4;
const CLIENTS_PER_Z = 20;
/** Where rounding asks for more clients than that, for so many times as many at most. */
const MOST_CLIENTS = 1.3;
const CLIENTS_STEP = 1.02;
/** ε in so many parts of 1. */
const EPSILON_PARTS = 10;

export interface AdaptiveClipPlan {
  /** B. */
  readonly laneBound: number;
  /** σ of a round's estimate of the share of updates within the clip, everyone being in it; before it is cut off to 0..1. */
  readonly shareStdDev: number;
  /** The update's noise is so many times what it would be with the whole budget: at most √(4/3). */
  readonly noiseFactor: number;
}

interface LaneAndUpdate {
  /** The last is the clip's. */
  readonly lanes: readonly number[];
  /** Of both. */
  readonly sensitivity: Sensitivity;
}

const boundOf = ({ lanes }: LaneAndUpdate): number => {
  const bound = lanes.at(-1);
  invariant(bound, 'there is a lane for the clip');
  return bound;
};

/** Whether the count leaves the update enough of the budget. */
export const leavesEnough = (grid: LaneAndUpdate): boolean =>
  boundOf(grid) ** 2 <= LARGEST_PART * grid.sensitivity.l2 ** 2;

/** `price`: variance of the noise in the sum of all over what is counted, `noiseSteps`². */
export function adaptiveClipPlan(
  grid: LaneAndUpdate & { readonly noiseSteps: number },
  { clients, price }: { readonly clients: number; readonly price: number },
): AdaptiveClipPlan {
  const laneBound = boundOf(grid);
  return {
    laneBound,
    shareStdDev: (grid.noiseSteps * Math.sqrt(price)) / (2 * laneBound * clients),
    noiseFactor: (1 - (laneBound / grid.sensitivity.l2) ** 2) ** -0.5,
  };
}

/** What the planner says of settings. */
interface Prospects {
  readonly works: (settings: PlanSettings) => boolean;
  /** z of the run with its clip as it is. */
  readonly noiseMultiplier: number;
  /** No larger ε is planned. */
  readonly largestEpsilon: number;
}

/** The least cohort in which the clip may adapt; where there is none, the least ε at which it may in this one. */
export function crowdFault(settings: PlanSettings, prospects: Prospects): SettingFault {
  const { works, noiseMultiplier, largestEpsilon } = prospects;
  const { clients, epsilon } = settings;
  const asks = `an adaptive clip needs ${CLIENTS_PER_Z} clients for each unit of the noise multiplier, here ${noiseMultiplier.toPrecision(3)}; a fixed clip does not`;
  const least = leastClients(settings, Math.ceil(CLIENTS_PER_Z * noiseMultiplier), works);
  if (least !== null)
    return { setting: 'clients', reason: `clients ${clients} are too few: ${asks}`, nearest: least };
  const worksAt = (parts: number): boolean => works({ ...settings, epsilon: parts / EPSILON_PARTS });
  const most = Math.floor(largestEpsilon * EPSILON_PARTS);
  return {
    setting: 'epsilon',
    reason: `epsilon ${epsilon} is too small: ${asks}, and there are ${MAX_COHORT} clients at most`,
    nearest: worksAt(most)
      ? bisect(Math.floor(epsilon * EPSILON_PARTS), most, worksAt) / EPSILON_PARTS
      : null,
  };
}

function leastClients(
  settings: PlanSettings,
  wanted: number,
  works: (settings: PlanSettings) => boolean,
): number | null {
  const worksWith = (clients: number): boolean => works({ ...settings, clients });
  const most = Math.min(MAX_COHORT, Math.ceil(MOST_CLIENTS * wanted));
  let bad = settings.clients;
  for (let count = Math.max(bad + 1, wanted); count <= most; count = Math.ceil(CLIENTS_STEP * count)) {
    if (worksWith(count)) return bisect(bad, count, worksWith);
    bad = count;
  }
  return null;
}
