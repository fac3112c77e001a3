/**
 * ε and δ of a list of releases through their privacy loss distributions. The grid is chosen so that what it adds to ε
 * stays below about 1e-4 of it; composition is pessimistic at every step.
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
import { approximateLosses, discreteLaplaceLosses, laplaceLosses, poissonGaussianLosses } from './mechanisms.ts';

/** Share of ε that the grid may add, and never less than this much. */
const RELATIVE_ERROR = 1e-4;
const ABSOLUTE_ERROR = 1e-6;
/** Share of δ that the grid may add. */
const RELATIVE_DELTA_ERROR = 1e-4;
/** The grid is at least this many times finer than the spread of the composed loss. */
const STEPS_A_DEVIATION = 8;
/** A δ below this is left to the composition's own truncation. */
const SMALLEST_DELTA = 1e-12;

const releasesOf = (events: readonly PrivacyEvent[]): number =>
  events.reduce((sum, { count }) => sum + count, 0);

/** ε at `delta` (above 0) of all events together, in the worse direction. */
export function epsilonByLosses(events: readonly PrivacyEvent[], delta: number): number {
  requireRange('delta', delta, 0, 1);
  const present = presentEvents(events);
  if (present.length === 0) return 0;
  if (present.some(isUnprotected)) return Infinity;
  const estimate = epsilonOfCurve(estimateCurve(present), Math.max(delta, SMALLEST_DELTA));
  const error = Math.max(ABSOLUTE_ERROR, RELATIVE_ERROR * estimate.epsilon);
  const interval = Math.sqrt((8 * error) / (releasesOf(present) * Math.max(1, estimate.order)));
  const { remove, add } = composed(present, Math.min(interval, coarsest(present)));
  const epsilon = Math.max(epsilonOfLosses(remove, delta), epsilonOfLosses(add, delta));
  return Math.min(epsilon, pureEpsilon(present));
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
  const interval =
    Math.sqrt((8 * RELATIVE_DELTA_ERROR) / releasesOf(present)) / Math.max(2, ...orders);
  const { remove, add } = composed(present, Math.min(interval, coarsest(present)));
  return epsilons.map((epsilon) => Math.max(deltaOfLosses(remove, epsilon), deltaOfLosses(add, epsilon)));
}

const isUnprotected = (event: PrivacyEvent): boolean =>
  event.kind === 'poisson-gaussian' ? event.sigma === 0 : event.kind === 'approximate' && event.epsilon === Infinity;

function presentEvents(events: readonly PrivacyEvent[]): PrivacyEvent[] {
  for (const { count } of events) requireInteger('count', count, 0);
  return events.filter((event) => event.count > 0 && !(event.kind === 'poisson-gaussian' && event.q === 0));
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
  return curveOfEvents(events, DEFAULT_ORDERS.filter((order) => Number.isInteger(order) || order < 2));
}

/** The composed loss's variance is about its Rényi divergence at order 2. */
function coarsest(events: readonly PrivacyEvent[]): number {
  const [divergence] = curveOfEvents(events, [2]).rdp;
  return Math.sqrt(divergence ?? Infinity) / STEPS_A_DEVIATION;
}

function composed(events: readonly PrivacyEvent[], interval: number): BothDirections {
  const releases = events.map((event) => ({ both: lossesOf(event, interval), count: event.count }));
  const direction = (pick: (both: BothDirections) => LossDistribution): LossDistribution =>
    composeLosses(releases.map(({ both, count }) => ({ losses: pick(both), count })));
  const remove = direction((both) => both.remove);
  const symmetric = releases.every(({ both }) => both.add === both.remove);
  return { remove, add: symmetric ? remove : direction((both) => both.add) };
}

function lossesOf(event: PrivacyEvent, interval: number): BothDirections {
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
