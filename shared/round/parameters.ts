/**
 * How many neighbours (k) a participant masks with and how many shares (t) open a secret, so that a round is
 * private against C accomplices and survives D dropouts.
 *
 * Bell et al. 2020, "Secure Single-Server Aggregation with (Poly)Logarithmic Overhead" (conditions 1–3, in the
 * exact hypergeometric form), and a fourth condition against dropouts that a coordinator chooses: without it,
 * it reports the honest tabs of two blocks of the ring as dropped and opens the sum of the few between them.
 * The complete graph serves up to 64 participants.
 */
import { fail, ok, type Result } from '../base/result.ts';

/** What a round must withstand. Counts, never fractions; `cohort` is n. */
export interface ThreatCounts {
  readonly cohort: number;
  /** C: participants that work with the coordinator. */
  readonly accomplices: number;
  /** D: participants that may vanish in a round. */
  readonly dropouts: number;
  /** An active coordinator may lie about who is there; a passive one follows the protocol. */
  readonly coordinator: 'active' | 'passive';
}

/** Bits of security σ (privacy) and η (correctness); the defaults are the design's. */
export interface FailureBits {
  readonly privacyBits: number;
  readonly correctnessBits: number;
}

export interface GraphParameters {
  readonly graph: 'complete' | 'sparse';
  /** Neighbours a participant; n − 1 in the complete graph. */
  readonly neighbours: number;
  readonly threshold: number;
}

/** The largest cohort that always uses the complete graph. */
const COMPLETE_GRAPH_COHORT = 64;

const DEFAULT_BITS = {
  active: { privacyBits: 80, correctnessBits: 30 },
  passive: { privacyBits: 40, correctnessBits: 30 },
} as const;

/** t of the complete graph: no two sets of t honest-or-accomplice holders can be disjoint among the honest. */
const completeThreshold = (cohort: number, accomplices: number) => Math.floor((cohort + accomplices) / 2) + 1;

/**
 * The smallest even k, and for it the smallest t, that meet all conditions.
 *
 * Rejects (with a sentence) counts that are no integers, C < 1 or C ≥ n, D < 0 or D ≥ n, and cohorts for
 * which neither a sparse nor the complete graph survives D dropouts.
 */
export function graphParameters(
  counts: ThreatCounts,
  bits: FailureBits = DEFAULT_BITS[counts.coordinator],
): Result<GraphParameters, string> {
  const { cohort: n, accomplices, dropouts } = counts;
  if (!Number.isInteger(n) || n < 3) return fail(`cohort: ${n} is not an integer of at least 3`);
  if (!Number.isInteger(accomplices) || accomplices < 1 || accomplices >= n)
    return fail(`accomplices: ${accomplices} is not an integer from 1 to ${n - 1}`);
  if (!Number.isInteger(dropouts) || dropouts < 0 || dropouts >= n)
    return fail(`dropouts: ${dropouts} is not an integer from 0 to ${n - 1}`);
  if (n > COMPLETE_GRAPH_COHORT) {
    const sparse = sparseParameters(counts, bits);
    if (sparse) return ok({ graph: 'sparse', ...sparse });
  }
  const threshold = completeThreshold(n, accomplices);
  if (threshold > n - dropouts)
    return fail(
      `dropouts: with ${accomplices} accomplices among ${n}, ${threshold} must stay, so at most ${n - threshold} may drop`,
    );
  return ok({ graph: 'complete', neighbours: n - 1, threshold });
}

/** The conditions 1–4 over even k < n − 1; null where none serves. Exported for its known answers. */
export function sparseParameters(
  counts: ThreatCounts,
  bits: FailureBits,
  conditions: 'all' | 'without-fourth' = 'all',
): { readonly neighbours: number; readonly threshold: number } | null {
  const n = counts.cohort;
  const probability = new Combinatorics(n);
  for (let k = 2; k < n - 1; k += 2) {
    if (!staysConnected(probability, counts, bits, k)) continue;
    const threshold = smallestThreshold(probability, counts, bits, k, conditions);
    if (threshold !== null) return { neighbours: k, threshold };
  }
  return null;
}

const LN2 = Math.LN2;

/** Condition 2: n(n−k−1)/2 · C(n−k, B−k)/C(n, B) ≤ 2^−(σ+1) with B = C + D. */
function staysConnected(p: Combinatorics, counts: ThreatCounts, bits: FailureBits, k: number): boolean {
  const n = counts.cohort;
  const lost = Math.min(counts.accomplices + counts.dropouts, n);
  const ln = Math.log((n * (n - k - 1)) / 2) + p.lnChoose(n - k, lost - k) - p.lnChoose(n, lost);
  return ln <= -(bits.privacyBits + 1) * LN2;
}

/** The smallest t that meets 1 and 4 (both easier as t grows), if it meets 3 (harder as t grows). */
function smallestThreshold(
  p: Combinatorics,
  counts: ThreatCounts,
  bits: FailureBits,
  k: number,
  conditions: 'all' | 'without-fourth',
): number | null {
  const n = counts.cohort;
  const active = counts.coordinator === 'active';
  const privacyBound = -(bits.privacyBits + 1) * LN2;
  const holders = p.lnUpperTail(n - 1, counts.accomplices, k);
  for (let t = 1; t <= k; t++) {
    const needed = active ? 2 * t - k : t;
    if (needed < 1) continue;
    if (Math.log(n) + (holders[needed] ?? -Infinity) > privacyBound) continue;
    if (active && conditions === 'all' && lnIsolatingCut(p, counts, k, t) > privacyBound) continue;
    // Condition 3: too few holders stay = more than k − t of a participant's neighbours drop.
    const dropped = p.lnUpperTail(n - 1, counts.dropouts, k)[k - t + 1] ?? -Infinity;
    return Math.log(n) + dropped <= -bits.correctnessBits * LN2 ? t : null;
  }
  return null;
}

/** Condition 4: n(n−k−1)/2 · Pr[two disjoint runs of k/2 positions each hold ≥ t − k/2 of the C], natural log. */
function lnIsolatingCut(p: Combinatorics, counts: ThreatCounts, k: number, t: number): number {
  const n = counts.cohort;
  const run = k / 2;
  const least = Math.max(0, t - run);
  const terms: number[] = [];
  for (let i = least; i <= Math.min(run, counts.accomplices); i++)
    for (let j = least; j <= Math.min(run, counts.accomplices - i); j++)
      terms.push(p.lnChoose(run, i) + p.lnChoose(run, j) + p.lnChoose(n - k, counts.accomplices - i - j));
  return Math.log((n * (n - k - 1)) / 2) + lnSum(terms) - p.lnChoose(n, counts.accomplices);
}

/** ln Σ e^term; −∞ for no terms. */
function lnSum(terms: readonly number[]): number {
  const largest = terms.reduce((a, b) => Math.max(a, b), -Infinity);
  if (largest === -Infinity) return -Infinity;
  return largest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - largest), 0));
}

/** Logarithms of binomials up to a fixed n, from a table of log factorials. */
class Combinatorics {
  readonly #lnFactorial: Float64Array;
  readonly #tails = new Map<string, Float64Array>();

  constructor(largest: number) {
    this.#lnFactorial = new Float64Array(largest + 1);
    for (let i = 1; i <= largest; i++)
      this.#lnFactorial[i] = (this.#lnFactorial[i - 1] as number) + Math.log(i);
  }

  lnChoose(n: number, k: number): number {
    if (k < 0 || k > n) return -Infinity;
    const f = this.#lnFactorial;
    return (f[n] as number) - (f[k] as number) - (f[n - k] as number);
  }

  /** `[x]` = ln Pr[Hyp ≥ x] for `draws` from `population` with `marked` marked, x = 0 … draws. */
  lnUpperTail(population: number, marked: number, draws: number): Float64Array {
    const key = `${population},${marked},${draws}`;
    const known = this.#tails.get(key);
    if (known) return known;
    const tail = new Float64Array(draws + 1);
    const all = this.lnChoose(population, draws);
    let sum = -Infinity;
    for (let x = draws; x >= 0; x--) {
      const term = this.lnChoose(marked, x) + this.lnChoose(population - marked, draws - x) - all;
      sum = lnSum([sum, term]);
      tail[x] = sum;
    }
    this.#tails.set(key, tail);
    return tail;
  }
}
