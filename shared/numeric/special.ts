/**
 * Special functions of the privacy accountant, accurate to about 1e-14 (checked against 50-digit values in
 * privacy/goldens). @stdlib (Apache-2.0: ports of FreeBSD msun, Cephes and Boost) serves where it has the function;
 * ours are the logarithmic forms that do not underflow and the scaled Bessel function, which it lacks.
 */
import betainc from '@stdlib/math-base-special-betainc';
import erf from '@stdlib/math-base-special-erf';
import erfc from '@stdlib/math-base-special-erfc';
import erfcinv from '@stdlib/math-base-special-erfcinv';
import erfcx from '@stdlib/math-base-special-erfcx';
import gammaln from '@stdlib/math-base-special-gammaln';

/** log erfc(x), finite for every finite x. */
export function logErfc(x: number): number {
  if (Math.abs(x) < 0.5) return Math.log1p(-erf(x));
  return x > 0 ? Math.log(erfcx(x)) - x * x : Math.log(erfc(x));
}

/** P[N(0,1) > x]. */
export const normalUpperTail = (x: number): number => 0.5 * erfc(x * Math.SQRT1_2);

/** The x with P[N(0,1) ≤ x] = p; −∞ and +∞ at p = 0 and 1. */
export const normalQuantile = (p: number): number => -Math.SQRT2 * erfcinv(2 * p);

/** log |Γ(x)| and the sign of Γ(x); the sign is 1 at a pole. */
export function logAbsGamma(x: number): { readonly logAbs: number; readonly sign: 1 | -1 } {
  return { logAbs: gammaln(x), sign: x < 0 && Math.floor(x) % 2 !== 0 ? -1 : 1 };
}

/** log of the binomial coefficient n over k, 0 ≤ k ≤ n. */
export const logBinomial = (n: number, k: number): number =>
  gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1);

/** P[Binomial(n, p) > k]. */
export function binomialUpperTail(n: number, p: number, k: number): number {
  if (k < 0) return 1;
  if (k >= n) return 0;
  return betainc(p, k + 1, n - k);
}

/** log(e^x − 1) for x > 0. */
export const logExpm1 = (x: number): number =>
  x > 1 ? x + Math.log1p(-Math.exp(-x)) : Math.log(Math.expm1(x));

/** log(1 + e^x). */
export const log1pExp = (x: number): number =>
  x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));

/** log Σ e^xᵢ; −∞ for an empty list. */
export function logSumExp(terms: Iterable<number>): number {
  let largest = -Infinity;
  let sum = 0;
  for (const term of terms) {
    if (term === -Infinity) continue;
    if (term === Infinity) return Infinity;
    if (term <= largest) {
      sum += Math.exp(term - largest);
    } else {
      sum = sum * Math.exp(largest - term) + 1;
      largest = term;
    }
  }
  return largest + Math.log(sum);
}

/** Above this √(order² + v²) the uniform expansion is exact to 1e-15. */
const UNIFORM_EXPANSION_FROM = 1_000;
/** e to the minus this is below the rounding of a double. */
const NEGLIGIBLE_EXPONENT = 45;

/** log(e^(−v) I_order(v)) for an integer order ≥ 0 and v ≥ 0 (modified Bessel function of the first kind). */
export function logScaledBesselI(order: number, v: number): number {
  if (v === 0) return order === 0 ? 0 : -Infinity;
  const radius = Math.hypot(order, v);
  return radius >= UNIFORM_EXPANSION_FROM ? uniformExpansion(order, v, radius) : backwardRecurrence(order, v);
}

/** DLMF 10.41.3 (Debye), written so that nothing cancels and order 0 needs no case of its own. */
function uniformExpansion(order: number, v: number, radius: number): number {
  const t2 = (order / radius) ** 2;
  const exponent = order === 0 ? 0 : order ** 2 / (radius + v) - order * Math.asinh(order / v);
  const correction =
    (3 - 5 * t2) / (24 * radius) +
    (81 - 462 * t2 + 385 * t2 ** 2) / (1_152 * radius ** 2) +
    (30_375 - 369_603 * t2 + 765_765 * t2 ** 2 - 425_425 * t2 ** 3) / (414_720 * radius ** 3);
  return exponent - 0.5 * Math.log(2 * Math.PI * radius) + Math.log1p(correction);
}

/**
 * Ratios I_k/I_(k−1) from a backward recurrence (DLMF 10.29.1, Miller), scaled by e^v = I₀ + 2 Σ I_k: all terms are
 * positive.
 */
function backwardRecurrence(order: number, v: number): number {
  const start = Math.ceil(Math.sqrt(order ** 2 + 2 * NEGLIGIBLE_EXPONENT * v)) + 30;
  let ratio = v / (start + 1 + Math.hypot(start + 1, v));
  let logProduct = 0;
  let tail = 0;
  for (let k = start; k >= 1; k--) {
    ratio = 1 / ((2 * k) / v + ratio);
    tail = ratio * (1 + tail);
    if (k <= order) logProduct += Math.log(ratio);
  }
  return logProduct - Math.log1p(2 * tail);
}
