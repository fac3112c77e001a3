/**
 * The exact privacy of continuous Gaussian noise (Balle, Wang, "Improving the Gaussian Mechanism", ICML 2018):
 * δ = Φ(1/2z − εz) − e^ε Φ(−1/2z − εz) for a noise multiplier z; T rounds are one with z/√T.
 * A reference for people: no integer mechanism is reported by it.
 */
import erfc from '@stdlib/math-base-special-erfc';
import erfcx from '@stdlib/math-base-special-erfcx';
import { bracketRoot } from '../numeric/roots.ts';
import { requireRange } from './checks.ts';

/** log δ of noise multiplier `z` > 0 at `epsilon` ≥ 0. */
function logDelta(z: number, epsilon: number): number {
  const a = (epsilon * z - 0.5 / z) * Math.SQRT1_2;
  const b = (epsilon * z + 0.5 / z) * Math.SQRT1_2;
  // e^ε Φ(−1/2z−εz) = ½ e^(−a²) erfcx(b), since b² − a² = ε.
  if (a > 0) return Math.log(0.5 * Math.max(0, erfcx(a) - erfcx(b))) - a ** 2;
  return Math.log(Math.max(0, 0.5 * erfc(a) - 0.5 * Math.exp(-(a ** 2)) * erfcx(b)));
}

/** The exact δ of noise multiplier `z` ≥ 0 at `epsilon` ≥ 0; 1 without noise. */
export function gaussianDelta(z: number, epsilon: number): number {
  requireRange('sigma', z, 0);
  requireRange('epsilon', epsilon, 0);
  if (z === 0) return epsilon === Infinity ? 0 : 1;
  return z === Infinity || epsilon === Infinity ? 0 : Math.exp(logDelta(z, epsilon));
}

/** The exact ε of noise multiplier `z` ≥ 0 at `delta` in 0..1; ∞ without noise or with δ = 0. */
export function gaussianEpsilon(z: number, delta: number): number {
  requireRange('sigma', z, 0);
  requireRange('delta', delta, 0, 1);
  if (delta === 1 || z === Infinity) return 0;
  if (z === 0 || delta === 0) return Infinity;
  const target = Math.log(delta);
  if (logDelta(z, 0) <= target) return 0;
  // Gaussian noise is (1/2z²)-zCDP (Bun, Steinke 2016), which bounds ε.
  const high = 0.5 / z ** 2 + Math.sqrt(2 * -target) / z;
  return bracketRoot((epsilon) => logDelta(z, epsilon) - target, { low: 0, high: 1.01 * high + 1e-300 }).high;
}

/** The least noise multiplier that is (epsilon, delta)-DP; ∞ where none is. */
export function gaussianSigma(epsilon: number, delta: number): number {
  requireRange('epsilon', epsilon, 0);
  requireRange('delta', delta, 0, 1);
  if (delta === 1 || epsilon === Infinity) return 0;
  if (delta === 0) return Infinity;
  const target = Math.log(delta);
  const excess = (logZ: number): number => logDelta(Math.exp(logZ), epsilon) - target;
  const { high } = bracketRoot(excess, { low: Math.log(1e-9), high: Math.log(1e12) });
  return Math.exp(high);
}
