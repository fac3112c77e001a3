/** Releases of different mechanisms to the same observer, counted together. */
import { log1pExp } from '../../numeric/special.ts';
import { requireInteger, requireRange } from '../checks.ts';
import type { RdpCurve } from './conversion.ts';
import { composeCurves, epsilonOfCurve } from './conversion.ts';
import { poissonGaussianRdp } from './gaussian.ts';
import { discreteLaplaceRdp, laplaceRdp } from './laplace.ts';

export type PrivacyEvent =
  | { readonly kind: 'poisson-gaussian'; readonly q: number; readonly sigma: number; readonly count: number }
  | { readonly kind: 'laplace'; readonly scale: number; readonly count: number }
  | {
      readonly kind: 'discrete-laplace';
      /** P[x] ∝ e^(−parameter·|x|). */
      readonly parameter: number;
      readonly sensitivity: number;
      readonly count: number;
    }
  /** Any (ε, δ)-DP release, of which nothing else is known. */
  | {
      readonly kind: 'approximate';
      readonly epsilon: number;
      readonly delta: number;
      readonly count: number;
    };

/** Their summed Rényi divergences at the given orders, given that no (ε, δ) release failed. */
export function curveOfEvents(events: readonly PrivacyEvent[], orders: readonly number[]): RdpCurve {
  return composeCurves(
    orders,
    events.map((event) => {
      requireInteger('count', event.count, 0);
      return { rdp: rdpOf(event, orders), count: event.count };
    }),
  );
}

/** ε of all events at `delta`, of which the failures of (ε, δ) releases take their part first. */
export function epsilonOfEvents(
  events: readonly PrivacyEvent[],
  orders: readonly number[],
  delta: number,
): { readonly epsilon: number; readonly order: number } {
  requireRange('delta', delta, 0, 1);
  const logSound = events.reduce(
    (sum, event) => sum + (event.kind === 'approximate' ? event.count * Math.log1p(-event.delta) : 0),
    0,
  );
  const curve = curveOfEvents(events, orders);
  const remaining = logSound === 0 ? delta : -Math.expm1(Math.log1p(-delta) - logSound);
  return remaining < 0 ? { epsilon: Infinity, order: 0 } : epsilonOfCurve(curve, remaining);
}

function rdpOf(event: PrivacyEvent, orders: readonly number[]): number[] {
  switch (event.kind) {
    case 'poisson-gaussian':
      return poissonGaussianRdp(event.q, event.sigma, orders);
    case 'laplace':
      return laplaceRdp(event.scale, orders);
    case 'discrete-laplace':
      return discreteLaplaceRdp(event.parameter, event.sensitivity, orders);
    case 'approximate':
      return approximateRdp(event.epsilon, event.delta, orders);
  }
}

/** Of randomised response, which every ε-DP release can be made from (Kairouz, Oh, Viswanath 2015). */
function approximateRdp(epsilon: number, delta: number, orders: readonly number[]): number[] {
  requireRange('epsilon', epsilon, 0);
  requireRange('delta', delta, 0, 1);
  return orders.map((order) => {
    if (!(order > 1)) throw new RangeError(`orders: ${order} is not above 1`);
    if (epsilon === Infinity) return Infinity;
    const logMoment = order * epsilon + log1pExp(epsilon * (1 - 2 * order)) - log1pExp(epsilon);
    return Math.max(0, logMoment / (order - 1));
  });
}
