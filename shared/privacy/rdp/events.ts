/** Releases of different mechanisms to the same observer, counted together. */
import { requireInteger } from '../checks.ts';
import type { RdpCurve } from './conversion.ts';
import { composeCurves } from './conversion.ts';
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
    };

/** Their summed Rényi divergences at the given orders. */
export function curveOfEvents(events: readonly PrivacyEvent[], orders: readonly number[]): RdpCurve {
  return composeCurves(
    orders,
    events.map((event) => {
      requireInteger('count', event.count, 0);
      return { rdp: rdpOf(event, orders), count: event.count };
    }),
  );
}

function rdpOf(event: PrivacyEvent, orders: readonly number[]): number[] {
  switch (event.kind) {
    case 'poisson-gaussian':
      return poissonGaussianRdp(event.q, event.sigma, orders);
    case 'laplace':
      return laplaceRdp(event.scale, orders);
    case 'discrete-laplace':
      return discreteLaplaceRdp(event.parameter, event.sensitivity, orders);
  }
}
