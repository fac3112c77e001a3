/**
 * What a client has spent: one entry a participation, with the mechanism's parameters and never an ε, which does not
 * compose. ε is worked out over all entries whenever it is asked for (design: PRIVACY.md, "Ledger").
 */
import type { Sid } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { mostWithin } from '../numeric/bisection.ts';
import { lengthAfterPadding } from '../numeric/rotate.ts';
import { integerSensitivity } from './mechanism-epsilon.ts';
import type { MechanismParameters, NoiseMode } from './mechanism-parameters.ts';
import { countedShares, isSound, mechanismWords } from './mechanism-parameters.ts';
import type { RdpCurve } from './rdp/conversion.ts';
import { composeCurves, epsilonOfCurve } from './rdp/conversion.ts';
import { DEFAULT_ORDERS, DISTRIBUTED_ORDERS } from './rdp/orders.ts';
import { SAMPLING_SHARE, samplingDelta } from './sampling-cost.ts';
import { skellamRdp } from './skellam.ts';

/** Of one participation, in grid steps; taking part is not hidden, so that no sampling is credited. */
export interface CountedMechanism {
  readonly mode: NoiseMode;
  /** σ of the noise that is counted on; 0 in mode `none`. */
  readonly noiseSteps: number;
  /** Δ₁, Δ₂ of the whole integer vector, extra lanes included. */
  readonly l1: number;
  readonly l2: number;
  /** d: lanes, the extra ones included. */
  readonly dimension: number;
  /** h: shares that together have the variance σ²; 1 where one draw has it. */
  readonly countedShares: number;
}

export interface LedgerEntry {
  /** The attempt whose sum the client was, or would have been, part of. */
  readonly sid: Sid;
  readonly mechanism: CountedMechanism;
}

/** What an entry of this offer holds; parameters that no mechanism can have count as no noise at all. */
export function countedMechanism(parameters: MechanismParameters): CountedMechanism {
  const { squaredNormBound, lanes } = parameters;
  const { l1, l2 } = integerSensitivity(squaredNormBound, lengthAfterPadding(parameters.parameters), lanes);
  const mode = isSound(parameters) ? parameters.mode : 'none';
  return {
    mode,
    noiseSteps: mode === 'none' ? 0 : parameters.noiseSteps,
    l1,
    l2,
    dimension: mechanismWords(parameters),
    countedShares: mode === 'none' ? 1 : countedShares(parameters),
  };
}

/** Whose noise is there: `counted` as the mechanisms say, `alone` only the client's own share of it. */
type Noise = 'counted' | 'alone';

/** The ε that all entries together imply at `delta`; ∞ where an entry has no noise, 0 where there is none. */
export const epsilonOfEntries = (
  entries: readonly LedgerEntry[],
  delta: number,
  noise: Noise = 'counted',
): number => epsilonOfReleases(releasesOf(entries), delta, noise);

export interface Caps {
  /** k: participations of one client, at most. */
  readonly participations: number;
  /** After all of them, at most; ∞ where it is not limited. */
  readonly epsilon: number;
  readonly delta: number;
}

export type ReachedCap = 'participations' | 'epsilon';

/** The cap that one more participation would pass, or null. */
export function wouldExceed(
  entries: readonly LedgerEntry[],
  next: CountedMechanism,
  caps: Caps,
): ReachedCap | null {
  // Written so that a cap that is no number forbids.
  if (!(entries.length < caps.participations)) return 'participations';
  const epsilon = epsilonOfReleases([...releasesOf(entries), onceMore(next, 1)], caps.delta, 'counted');
  return epsilon <= caps.epsilon ? null : 'epsilon';
}

export interface Budget {
  readonly spentEpsilon: number;
  readonly delta: number;
  readonly roundsSpent: number;
  /** Those spent, and those that the caps still allow. */
  readonly roundsMax: number;
  readonly epsilonAtEnd: number;
  /** At the end, where the noise of all others is known or missing. */
  readonly worstEpsilon: number;
}

/** What has been spent, and what will have been once the caps let nothing through, all rounds being like `next`. */
export function budgetOf(entries: readonly LedgerEntry[], next: CountedMechanism, caps: Caps): Budget {
  invariant(Number.isSafeInteger(caps.participations), 'a client may take part a whole number of times');
  const spent = releasesOf(entries);
  const epsilonAfter = (more: number, noise: Noise): number =>
    epsilonOfReleases(more === 0 ? spent : [...spent, onceMore(next, more)], caps.delta, noise);
  const more = mostWithin(
    0,
    Math.max(0, caps.participations - entries.length),
    (count) => epsilonAfter(count, 'counted') <= caps.epsilon,
  );
  return {
    spentEpsilon: epsilonAfter(0, 'counted'),
    delta: caps.delta,
    roundsSpent: entries.length,
    roundsMax: entries.length + more,
    epsilonAtEnd: epsilonAfter(more, 'counted'),
    worstEpsilon: epsilonAfter(more, 'alone'),
  };
}

/** One opened sum, as often as `count` says. */
interface Release {
  readonly mechanism: CountedMechanism;
  /** Entries of this ledger in the same sum: their vectors may add up, so that the sensitivity is so many times one's. */
  readonly together: number;
  readonly count: number;
}

const onceMore = (mechanism: CountedMechanism, count: number): Release => ({
  mechanism,
  together: 1,
  count,
});

/** Entries of one sid are in one sum; sums with the same numbers are counted, not listed. */
function releasesOf(entries: readonly LedgerEntry[]): Release[] {
  const sums = new Map<string, { mechanism: CountedMechanism; together: number }>();
  for (const { sid, mechanism } of entries) {
    const key = `${sid} ${keyOf(mechanism)}`;
    sums.set(key, { mechanism, together: (sums.get(key)?.together ?? 0) + 1 });
  }
  const releases = new Map<string, Release>();
  for (const { mechanism, together } of sums.values()) {
    const key = `${together} ${keyOf(mechanism)}`;
    releases.set(key, { mechanism, together, count: (releases.get(key)?.count ?? 0) + 1 });
  }
  return [...releases.values()];
}

const keyOf = (mechanism: CountedMechanism): string =>
  [
    mechanism.mode,
    mechanism.noiseSteps,
    mechanism.l1,
    mechanism.l2,
    mechanism.dimension,
    mechanism.countedShares,
  ].join(' ');

/** As `epsilonOfOffer` (mechanism-epsilon): a share of δ is kept for what the sampling of the noise may give away. */
function epsilonOfReleases(releases: readonly Release[], delta: number, noise: Noise): number {
  if (releases.length === 0) return 0;
  if (!(delta > 0 && delta < 1) || !releases.every(({ mechanism }) => isNoisy(mechanism, noise)))
    return Infinity;
  const curve = curveOf(releases, noise);
  const epsilon = epsilonOfCurve(curve, delta * (1 - SAMPLING_SHARE)).epsilon;
  const spent = releases.reduce((sum, { mechanism, together, count }) => {
    const shares = noise === 'counted' ? mechanism.countedShares : 1;
    const draws = { participations: together * count, countedShares: shares, dimension: mechanism.dimension };
    return sum + samplingDelta({ epsilon, ...draws });
  }, 0);
  return spent <= SAMPLING_SHARE * delta ? epsilonOfCurve(curve, delta - spent).epsilon : Infinity;
}

/** Numbers that are none, as a damaged entry's, are no noise either. */
function isNoisy(mechanism: CountedMechanism, noise: Noise): boolean {
  const { mode, noiseSteps, l1, l2, dimension } = mechanism;
  const sizes = [l1, l2].every((size) => size >= 0 && Number.isFinite(size));
  const counts = [dimension, mechanism.countedShares].every(
    (count) => Number.isSafeInteger(count) && count >= 1,
  );
  const hasNoise = noiseSteps > 0 && Number.isFinite(noiseSteps);
  return sizes && counts && hasNoise && mode !== 'none' && !(mode === 'central' && noise === 'alone');
}

/** Skellam's bound holds at whole orders; sums of discrete Gaussian noise alone may use them all. */
function curveOf(releases: readonly Release[], noise: Noise): RdpCurve {
  const orders = releases.some(({ mechanism }) => mechanism.mode === 'distributed')
    ? DISTRIBUTED_ORDERS
    : DEFAULT_ORDERS;
  return composeCurves(
    orders,
    releases.map((release) => ({
      rdp: orders.map((order) => releaseRdp(release, order, noise)),
      count: release.count,
    })),
  );
}

function releaseRdp({ mechanism, together }: Release, order: number, noise: Noise): number {
  const { mode, noiseSteps } = mechanism;
  const [l1, l2] = [together * mechanism.l1, together * mechanism.l2];
  if (mode !== 'distributed') return (order * l2 ** 2) / (2 * noiseSteps ** 2);
  const variance = noise === 'counted' ? noiseSteps ** 2 : noiseSteps ** 2 / mechanism.countedShares;
  return skellamRdp({ l1, l2 }, variance, order);
}
