/**
 * ε and δ of a list of releases through their privacy loss distributions. Composition is pessimistic at every step, and
 * more so the coarser the grid: the grid is halved until the answer stops falling.
 */
import { requireInteger, requireRange } from '../checks.ts';
import { deltaOfCurve, epsilonOfCurve } from '../rdp/conversion.ts';
import type { RdpCurve } from '../rdp/conversion.ts';
import { DEFAULT_ORDERS } from '../rdp/orders.ts';
import { curveOfEvents } from '../rdp/events.ts';
import type { PrivacyEvent } from '../rdp/events.ts';
import { composeLosses } from './composition.ts';
import type { LossDistribution } from './loss-distribution.ts';
import { deltaOfLosses, epsilonOfLosses } from './loss-distribution.ts';
import type { BothDirections } from './mechanisms.ts';
import {
  approximateLosses,
  discreteLaplaceLosses,
  laplaceLosses,
  poissonGaussianLosses,
} from './mechanisms.ts';

/** The last halving of the grid lowered ε by less than this share of it, or than this much. */
const EPSILON_SHARE = 2e-4;
const EPSILON_AMOUNT = 2e-5;
/** The same of δ. */
const DELTA_SHARE = 2e-3;
/** A δ below this is left to the composition's own truncation. */
const SMALLEST_DELTA = 1e-12;
/** The grid is at least this many times finer than the spread of the composed loss. */
const STEPS_A_DEVIATION = 8;

const releasesOf = (events: readonly PrivacyEvent[]): number =>
  events.reduce((sum, { count }) => sum + count, 0);

/**
 * ε at `delta` (above 0) of all events together, in the worse direction; `share` is the share of ε that the last
 * halving of the grid may have made.
 */
export function epsilonByLosses(
  events: readonly PrivacyEvent[],
  delta: number,
  share = EPSILON_SHARE,
): number {
  requireRange('delta', delta, 0, 1);
  const present = presentEvents(events);
  if (present.length === 0) return 0;
  if (present.some(isUnprotected)) return Infinity;
  const estimate = epsilonOfCurve(estimateCurve(present), Math.max(delta, SMALLEST_DELTA));
  const allowed = Math.max(EPSILON_AMOUNT, share * estimate.epsilon);
  const first = Math.sqrt((8 * allowed) / (releasesOf(present) * Math.max(1, estimate.order)));
  const [epsilon] = refined(
    present,
    first,
    (losses) => [epsilonOfLosses(losses, delta)],
    (coarse, fine) => coarse - fine <= Math.max(EPSILON_AMOUNT, share * fine),
  );
  return Math.min(epsilon ?? Infinity, pureEpsilon(present));
}

/** δ at each of `epsilons` (≥ 0) of all events together, in the worse direction. */
export function deltasByLosses(events: readonly PrivacyEvent[], epsilons: readonly number[]): number[] {
  for (const epsilon of epsilons) requireRange('epsilon', epsilon, 0);
  const present = presentEvents(events);
  if (present.length === 0) return epsilons.map(() => 0);
  if (present.some(isUnprotected)) return epsilons.map(() => 1);
  const curve = estimateCurve(present);
  const orders = epsilons
    .map((epsilon) => deltaOfCurve(curve, epsilon))
    .filter(({ delta }) => delta > SMALLEST_DELTA)
    .map(({ order }) => order);
  return refined(
    present,
    Math.sqrt((8 * DELTA_SHARE) / releasesOf(present)) / Math.max(2, ...orders),
    (losses) => epsilons.map((epsilon) => deltaOfLosses(losses, epsilon)),
    (coarse, fine) => coarse - fine <= Math.max(SMALLEST_DELTA, DELTA_SHARE * fine),
  );
}

/** From the finest grid ≥ `first` that is short enough, halves it until every answer is close to the one before. */
function refined(
  events: readonly PrivacyEvent[],
  first: number,
  measure: (losses: LossDistribution) => readonly number[],
  isClose: (coarse: number, fine: number) => boolean,
): number[] {
  let interval = Math.min(first, coarsest(events));
  let answers = measured(events, interval, measure);
  while (answers === null) {
    interval *= 2;
    answers = measured(events, interval, measure);
  }
  for (;;) {
    interval /= 2;
    const finer = measured(events, interval, measure);
    if (finer === null) return answers;
    const settled = answers.every((coarse, index) => isClose(coarse, finer[index] as number));
    answers = finer;
    if (settled) return answers;
  }
}

/** null where the grid would be too long. */
function measured(
  events: readonly PrivacyEvent[],
  interval: number,
  measure: (losses: LossDistribution) => readonly number[],
): number[] | null {
  const both = composed(events, interval);
  if (both === null) return null;
  const added = measure(both.add);
  return measure(both.remove).map((value, index) => Math.max(value, added[index] as number));
}

const isUnprotected = (event: PrivacyEvent): boolean =>
  event.kind === 'poisson-gaussian'
    ? event.sigma === 0
    : event.kind === 'approximate' && event.epsilon === Infinity;

function presentEvents(events: readonly PrivacyEvent[]): PrivacyEvent[] {
  for (const { count } of events) requireInteger('count', count, 0);
  return events.filter(
    (event) =>
      event.count > 0 && !(event.kind === 'poisson-gaussian' && (event.q === 0 || event.sigma === Infinity)),
  );
}

/** The sum of what each release alone can cost at most: a grid's rounding never reports more. */
function pureEpsilon(events: readonly PrivacyEvent[]): number {
  return events.reduce((sum, event) => sum + event.count * largestLoss(event), 0);
}

function largestLoss(event: PrivacyEvent): number {
  switch (event.kind) {
    case 'poisson-gaussian':
      return Infinity;
    case 'laplace':
      return 1 / event.scale;
    case 'discrete-laplace':
      return event.parameter * event.sensitivity;
    case 'approximate':
      return event.delta === 0 ? event.epsilon : Infinity;
  }
}

/** Rényi estimate of where on the curve the answer lies: its order is how steeply the grid's error enters. */
function estimateCurve(events: readonly PrivacyEvent[]): RdpCurve {
  return curveOfEvents(
    events,
    DEFAULT_ORDERS.filter((order) => Number.isInteger(order) || order < 2),
  );
}

/** The composed loss's variance is about its Rényi divergence at order 2. */
function coarsest(events: readonly PrivacyEvent[]): number {
  const [divergence] = curveOfEvents(events, [2]).rdp;
  return Math.sqrt(divergence ?? Infinity) / STEPS_A_DEVIATION;
}

function composed(events: readonly PrivacyEvent[], interval: number): BothDirections | null {
  const releases: { both: BothDirections; count: number }[] = [];
  for (const event of events) {
    const both = lossesOf(event, interval);
    if (both === null) return null;
    releases.push({ both, count: event.count });
  }
  const direction = (pick: (both: BothDirections) => LossDistribution): LossDistribution | null =>
    composeLosses(releases.map(({ both, count }) => ({ losses: pick(both), count })));
  const remove = direction((both) => both.remove);
  const symmetric = releases.every(({ both }) => both.add === both.remove);
  const add = symmetric ? remove : direction((both) => both.add);
  return remove === null || add === null ? null : { remove, add };
}

function lossesOf(event: PrivacyEvent, interval: number): BothDirections | null {
  switch (event.kind) {
    case 'poisson-gaussian':
      return poissonGaussianLosses(event.q, event.sigma, interval);
    case 'laplace':
      return laplaceLosses(event.scale, interval);
    case 'discrete-laplace':
      return discreteLaplaceLosses(event.parameter, event.sensitivity, interval);
    case 'approximate':
      return approximateLosses(event.epsilon, event.delta, interval);
  }
}
