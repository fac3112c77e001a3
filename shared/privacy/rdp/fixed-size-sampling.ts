/**
 * Gaussian mechanism on a fixed-size sample drawn without replacement (Wang, Balle, Kasiviswanathan,
 * "Subsampled Rényi Differential Privacy and Analytical Moments Accountant", Theorem 27; between integers their
 * Corollary 10). Neighbours differ by replacing one client, and σ is relative to that sensitivity.
 */
import { log1pExp, logBinomial, logExpm1, logSumExp } from '../../numeric/special.ts';
import { requirePositive, requireRange } from '../checks.ts';

/** Above it the bound drops the ternary divergences, as the reference does. */
const LARGEST_TERNARY_ORDER = 256;

/** `q` is the sample's share of the data set, 0..1. */
export function fixedSizeGaussianRdp(q: number, sigma: number, orders: readonly number[]): number[] {
  requireRange('q', q, 0, 1);
  requireRange('sigma', sigma, 0);
  for (const order of orders) requireRange('orders', order, 1);
  if (q === 0) return orders.map(() => 0);
  if (q === 1 || sigma === 0) return orders.map((order) => order / (2 * sigma ** 2));
  const ternary = ternaryDivergences(sigma, Math.min(LARGEST_TERNARY_ORDER, Math.ceil(Math.max(...orders))));
  return orders.map((order) => {
    requirePositive('orders − 1', order - 1);
    const low = Math.floor(order);
    const atLow = log1pExp(logExcess(q, sigma, low, ternary));
    if (low === order) return atLow / (order - 1);
    const share = order - low;
    return ((1 - share) * atLow + share * log1pExp(logExcess(q, sigma, low + 1, ternary))) / (order - 1);
  });
}

/** log(A − 1): the sum over how many of α draws see the replaced client. */
function logExcess(q: number, sigma: number, order: number, ternary: readonly number[]): number {
  const terms = new Float64Array(Math.max(0, order - 1));
  for (let j = 2; j <= order; j++) {
    const plain = Math.LN2 + (j * (j - 1)) / (2 * sigma ** 2);
    let bound = plain;
    if (j === 2) {
      bound = Math.min(Math.log(4) + logExpm1(1 / sigma ** 2), plain);
    } else if (order <= LARGEST_TERNARY_ORDER) {
      const [low, high] = [ternary[Math.floor(j / 2)] as number, ternary[Math.ceil(j / 2)] as number];
      bound = Math.min(Math.log(4) + 0.5 * (low + high), plain);
    }
    terms[j - 2] = bound + j * Math.log(q) + logBinomial(order, j);
  }
  return logSumExp(terms);
}

/**
 * log E[(e^X − 1)^ℓ] at [ℓ/2], X = (2z−1)/2σ², z ~ N(0,σ²), for even ℓ ≤ order + 1: the ℓ-th forward difference of
 * e^(x(x−1)/2σ²) at 0. The alternating sum loses every digit; the integrand is positive and entire, and the
 * trapezoidal rule is exact to far below a double at this step.
 */
function ternaryDivergences(sigma: number, order: number): number[] {
  const variance = sigma ** 2;
  const step = sigma / 8;
  const logScale = Math.log(step / sigma) - 0.5 * Math.log(2 * Math.PI);
  const divergences = [0];
  for (let length = 2; length <= order + 1; length += 2) {
    const margin = (10 + Math.sqrt(length)) * sigma;
    const count = Math.ceil((length + 2 * margin) / step);
    const terms = new Float64Array(count);
    for (let index = 0; index < count; index++) {
      const z = index * step - margin;
      const x = (2 * z - 1) / (2 * variance);
      const logAbs = x > 0 ? logExpm1(x) : Math.log(-Math.expm1(x));
      terms[index] = length * logAbs - z ** 2 / (2 * variance);
    }
    divergences.push(logSumExp(terms) + logScale);
  }
  return divergences;
}
