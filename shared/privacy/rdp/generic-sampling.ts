/**
 * Poisson sampling of any mechanism with a known curve (Zhu, Wang, "Poisson Subsampled Rényi Differential Privacy",
 * ICML 2019): Theorem 5 for every mechanism, Theorem 6 where the mechanism's ternary divergences are non-negative.
 * Integer orders.
 */
import { logBinomial } from '../../numeric/special.ts';
import { requireInteger, requireRange } from '../checks.ts';

export type SamplingTheorem = 'any mechanism' | 'non-negative ternary divergences';

interface WeightedExponent {
  readonly weight: number;
  readonly exponent: number;
}

/** Divergence at `order` of the mechanism with divergences `rdpAt`, where each client takes part with probability q. */
export function sampledRdp(
  order: number,
  q: number,
  rdpAt: (order: number) => number,
  theorem: SamplingTheorem = 'any mechanism',
): number {
  requireInteger('orders', order, 2);
  requireRange('q', q, 0, 1);
  if (q === 0) return 0;
  if (q === 1) return rdpAt(order);
  const terms: WeightedExponent[] = [{ weight: (1 - q) ** (order - 1) * (order * q - q + 1), exponent: 0 }];
  const general = theorem === 'any mechanism';
  if (general) {
    const pairs = (order * (order - 1)) / 2;
    terms.push({ weight: pairs * q ** 2 * (1 - q) ** (order - 2), exponent: rdpAt(2) });
  }
  for (let l = general ? 3 : 2; l <= order; l++) {
    const exponent =
      (l - 1) * rdpAt(l) + logBinomial(order, l) + (order - l) * Math.log(1 - q) + l * Math.log(q);
    terms.push({ weight: general ? 3 : 1, exponent });
  }
  return logWeightedSum(terms) / (order - 1);
}

/**
 * log Σ weight·e^exponent, with the largest exponent's term kept out of the sum. Where the result is within 1e-15 of
 * 0 its digits are those of this order of evaluation, which is the published reference's.
 */
function logWeightedSum(terms: readonly WeightedExponent[]): number {
  const largest = Math.max(...terms.map(({ weight, exponent }) => (weight > 0 ? exponent : -Infinity)));
  if (largest === Infinity) return Infinity;
  let main = 0;
  let rest = 0;
  for (const { weight, exponent } of terms) {
    if (exponent === largest) main += weight;
    else rest += weight * Math.exp(exponent - largest);
  }
  return Math.log1p(rest / main) + Math.log(main) + largest;
}
