/**
 * From Rényi divergences to (ε, δ): Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy"
 * (arXiv 2004.00010, Proposition 12), with the Bretagnolle–Huber bound through the KL divergence for small curves.
 */
import { requireRange } from '../checks.ts';

/** Rényi divergence `rdp[i]` (nats, ≥ 0) at order `orders[i]` (≥ 1) of everything that was released. */
export interface RdpCurve {
  readonly orders: readonly number[];
  readonly rdp: readonly number[];
}

/** Closer to 1 the bound is neither stable nor of use. */
const SMALLEST_ORDER = 1.01;

/** The smallest ε over the curve's orders, and its order (0 where none was needed); ∞ where none can be given. */
export function epsilonOfCurve(curve: RdpCurve, delta: number): { epsilon: number; order: number } {
  requireCurve(curve);
  requireRange('delta', delta, 0);
  if (delta === 0) return { epsilon: curve.rdp.every((r) => r === 0) ? 0 : Infinity, order: 0 };
  let best = { epsilon: NaN, order: 0 };
  for (const [index, order] of curve.orders.entries()) {
    const epsilon = epsilonAtOrder(order, curve.rdp[index] as number, delta);
    if (!(epsilon >= best.epsilon)) best = { epsilon, order };
  }
  return { epsilon: Math.max(0, best.epsilon), order: best.order };
}

function epsilonAtOrder(order: number, r: number, delta: number): number {
  if (delta ** 2 + Math.expm1(-r) > 0) return 0;
  if (order <= SMALLEST_ORDER) return Infinity;
  return r + Math.log1p(-1 / order) - Math.log(delta * order) / (order - 1);
}

/** The smallest δ over the curve's orders at a given ε ≥ 0, and its order. */
export function deltaOfCurve(curve: RdpCurve, epsilon: number): { delta: number; order: number } {
  requireCurve(curve);
  requireRange('epsilon', epsilon, 0);
  let best = { logDelta: NaN, order: 0 };
  for (const [index, order] of curve.orders.entries()) {
    const logDelta = logDeltaAtOrder(order, curve.rdp[index] as number, epsilon);
    if (!(logDelta >= best.logDelta)) best = { logDelta, order };
  }
  return { delta: Math.min(1, Math.exp(best.logDelta)), order: best.order };
}

function logDeltaAtOrder(order: number, r: number, epsilon: number): number {
  const throughKl = r === 0 ? -Infinity : 0.5 * Math.log1p(-Math.exp(-r));
  if (order <= SMALLEST_ORDER || r === Infinity) return throughKl;
  return Math.min(throughKl, (order - 1) * (r - epsilon + Math.log1p(-1 / order)) - Math.log(order));
}

function requireCurve({ orders, rdp }: RdpCurve): void {
  if (orders.length !== rdp.length || orders.length === 0) {
    throw new RangeError(`rdp: ${rdp.length} values for ${orders.length} orders`);
  }
  for (const order of orders) requireRange('orders', order, 1);
  for (const r of rdp) requireRange('rdp', r, 0);
}

/** One curve for several releases on the same orders: divergences add. */
export function composeCurves(
  orders: readonly number[],
  parts: readonly { readonly rdp: readonly number[]; readonly count: number }[],
): RdpCurve {
  const rdp = orders.map((_, index) =>
    parts.reduce((sum, part) => sum + (part.count === 0 ? 0 : part.count * (part.rdp[index] as number)), 0),
  );
  return { orders, rdp };
}
