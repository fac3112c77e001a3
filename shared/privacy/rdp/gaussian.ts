/**
 * Rényi divergences of the Gaussian mechanism, whole and Poisson-sampled (Mironov, Talwar, Zhang, arXiv 1908.10530).
 * σ is the noise multiplier: standard deviation over L2 sensitivity, neighbours differing in one added or removed
 * client. Both forms sum only positive terms of A − 1, so that small divergences keep all their digits.
 */
import { log1pExp, logBinomial, logExpm1, logSumExp } from '../../numeric/special.ts';
import { requireRange } from '../checks.ts';

/** α/2σ² at every order; ∞ without noise. */
export function gaussianRdp(sigma: number, orders: readonly number[]): number[] {
  requireRange('sigma', sigma, 0);
  return orders.map((order) => order / (2 * sigma ** 2));
}

/** Each client takes part with probability q, hidden from the observer; q = 1 is the plain Gaussian. */
export function poissonGaussianRdp(q: number, sigma: number, orders: readonly number[]): number[] {
  requireRange('q', q, 0, 1);
  if (q === 1) return gaussianRdp(sigma, orders);
  requireRange('sigma', sigma, 0);
  return orders.map((order) => {
    requireRange('orders', order, 1);
    if (q === 0 || sigma === Infinity) return 0;
    if (sigma === 0) return Infinity;
    if (order === 1) throw new RangeError('orders: 1 has no closed form here');
    const logExcess = Number.isInteger(order)
      ? logExcessAtInteger(q, sigma, order)
      : logExcessAtFraction(q, sigma, order);
    return log1pExp(logExcess) / (order - 1);
  });
}

/** log(A − 1), A = Σ C(α,k)(1−q)^(α−k) q^k e^(k(k−1)/2σ²); the terms of a binomial sum that equal 1 are taken out. */
function logExcessAtInteger(q: number, sigma: number, order: number): number {
  const [logQ, logRest] = [Math.log(q), Math.log1p(-q)];
  const terms = new Float64Array(order - 1);
  for (let k = 2; k <= order; k++) {
    const weight = logBinomial(order, k) + k * logQ + (order - k) * logRest;
    terms[k - 2] = weight + logExpm1((k * (k - 1)) / (2 * sigma ** 2));
  }
  return logSumExp(terms);
}

/** Standard deviations beyond which a Gaussian's mass is below the rounding of a double. */
const NEGLIGIBLE_DEVIATIONS = 10;
const NEGLIGIBLE_EXPONENT = 45;

/**
 * log(A − 1), A = E[(1−q+q e^X)^α], X = (2z−1)/2σ², z ~ N(0,σ²), by the trapezoidal rule: exponentially accurate
 * for a function analytic in a strip (Trefethen, Weideman 2014), here |Im z| < πσ², where 1−q+q e^X first vanishes.
 */
function logExcessAtFraction(q: number, sigma: number, order: number): number {
  const variance = sigma ** 2;
  const logLargest = (order - 1) / (2 * variance) + Math.log(q);
  // Minkowski: A ≤ (1−q + q‖e^X‖)^α, equal to within a double where the second term is that much larger.
  if (logLargest > NEGLIGIBLE_EXPONENT) {
    return logExpm1(order * (logLargest + Math.log1p((1 - q) * Math.exp(-logLargest))));
  }
  // On the lines Im z = ±height the integrand is e^(height²/2σ²) larger; the error is that times e^(−2π height/step).
  const height = Math.min(Math.PI * variance, Math.sqrt(2 * NEGLIGIBLE_EXPONENT) * sigma);
  const step = Math.min(
    sigma / 6,
    (2 * Math.PI * height) / (NEGLIGIBLE_EXPONENT + height ** 2 / (2 * variance)),
  );
  const from = -NEGLIGIBLE_DEVIATIONS * sigma;
  const count = Math.ceil((order - 2 * from) / step);
  const terms = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const z = from + index * step;
    terms[index] = logConvexExcess(q, (2 * z - 1) / (2 * variance), order) - z ** 2 / (2 * variance);
  }
  return logSumExp(terms) + Math.log(step / sigma) - 0.5 * Math.log(2 * Math.PI);
}

/** log of (1+u)^α − 1 − αu ≥ 0, u = q(e^x − 1), whose mean is A − 1 since the mean of u is 0. */
function logConvexExcess(q: number, x: number, order: number): number {
  const u = q * Math.expm1(x);
  if (Math.abs(u) > 1e-2) {
    const logBase = x > 40 ? x + Math.log(q + (1 - q) * Math.exp(-x)) : Math.log1p(u);
    const power = order * logBase;
    return power > 600
      ? power + Math.log1p(-order * Math.exp(logBase - power))
      : Math.log(Math.expm1(power) - order * u);
  }
  if (u === 0) return -Infinity;
  let term = (order * (order - 1) * u ** 2) / 2;
  let sum = term;
  for (let j = 3; j <= 60 && Math.abs(term) > 1e-18 * sum; j++) {
    term *= ((order - j + 1) * u) / j;
    sum += term;
  }
  return Math.log(sum);
}
