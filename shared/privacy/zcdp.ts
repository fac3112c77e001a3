/**
 * Zero-concentrated differential privacy (Bun, Steinke 2016) and its conversions (Canonne, Kamath, Steinke,
 * arXiv 2004.00010, Corollary 13): ρ-zCDP has Rényi divergence αρ at every order α.
 */
import { bracketRoot } from '../numeric/roots.ts';
import { requirePositive, requireRange } from './checks.ts';

/** Orders nearer to 1 are left out: the bound is not stable there. */
const SMALLEST_ORDER = 1.01;

/** The δ that ρ-zCDP implies at `epsilon`, minimised over real orders. */
export function deltaOfZcdp(rho: number, epsilon: number): number {
  requireRange('rho', rho, 0);
  requireRange('epsilon', epsilon, 0);
  if (rho === 0) return 0;
  if (rho === Infinity) return 1;
  return Math.min(1, Math.exp(logDelta(rho, epsilon)));
}

function logDelta(rho: number, epsilon: number): number {
  const slope = (order: number): number => (2 * order - 1) * rho - epsilon + Math.log1p(-1 / order);
  const high = (epsilon + 1) / (2 * rho) + 2;
  const order =
    slope(SMALLEST_ORDER) >= 0 ? SMALLEST_ORDER : bracketRoot(slope, { low: SMALLEST_ORDER, high }).high;
  return (order - 1) * (order * rho - epsilon) + order * Math.log1p(-1 / order) - Math.log(order - 1);
}

/** The least ε that ρ-zCDP implies at `delta` > 0. */
export function epsilonOfZcdp(rho: number, delta: number): number {
  requireRange('rho', rho, 0);
  requirePositive('delta', delta);
  if (delta >= 1 || rho === 0) return 0;
  if (rho === Infinity) return Infinity;
  const target = Math.log(delta);
  if (logDelta(rho, 0) <= target) return 0;
  const high = rho + 2 * Math.sqrt(-rho * target);
  return bracketRoot((epsilon) => logDelta(rho, epsilon) - target, { low: 0, high: 1.01 * high }).high;
}

/** The largest ρ whose zCDP implies (epsilon, delta)-DP. */
export function zcdpOfEpsilon(epsilon: number, delta: number): number {
  requireRange('epsilon', epsilon, 0);
  requirePositive('delta', delta);
  if (delta >= 1) return 0;
  const target = Math.log(delta);
  const excess = (logRho: number): number => logDelta(Math.exp(logRho), epsilon) - target;
  // ρ ≥ 1 + ε implies δ = 1 at order 1.01 only up to a factor, so the search goes well above it.
  const bracket = { low: Math.log(1e-40), high: Math.log(1e4 * (epsilon + 1)) };
  return Math.exp(bracketRoot(excess, bracket).low);
}
