/**
 * Real updates to ring words and back (SecAgg's fixed point; Bonawitz et al. 2017, section 2).
 *
 * A coordinate x of an update that counts for w examples becomes round(clamp(x, ±range) · w/weightMax ·
 * scale), b bits of two's complement, and one auxiliary lane behind the coordinates holds w. A lane has
 * W = b + ⌈log₂ invited⌉ bits, so that the sum of all `invited` fits whoever takes part, and the weighted mean
 * is Σ(words)/scale · weightMax/Σw. Words are kept in 32 bits while they are masked and packed to W on the wire.
 */
import { fail, ok, type Result } from '../base/result.ts';
import { AUXILIARY_LANES } from '../protocol/limits.ts';

/** What the offer says about numbers; equal for all who take part. */
export interface QuantizationTerms {
  /** Coordinates are clamped to [-range, range]; finite, above 0. */
  readonly range: number;
  /** b: bits of one participant's coordinate, 8 to 24. */
  readonly bits: number;
  /** Participants whose sum must not wrap; at least 1. */
  readonly invited: number;
  /** Examples one participant may count for; below 2^b. */
  readonly weightMax: number;
}

/** W, the bits of a lane of the ring. */
export const laneBits = ({ bits, invited }: Pick<QuantizationTerms, 'bits' | 'invited'>): number =>
  bits + Math.ceil(Math.log2(invited));

export type QuantizeFault =
  | { readonly code: 'non-finite'; readonly index: number }
  | { readonly code: 'weight-out-of-range'; readonly weight: number };

/** True where neither a coordinate lane nor the weight lane can wrap. */
export function fitsRing(terms: QuantizationTerms): boolean {
  const { range, bits, invited, weightMax } = terms;
  return (
    Number.isFinite(range) &&
    range > 0 &&
    Number.isSafeInteger(bits) &&
    bits >= 8 &&
    bits <= 24 &&
    Number.isSafeInteger(invited) &&
    invited >= 1 &&
    laneBits(terms) <= 32 &&
    Number.isSafeInteger(weightMax) &&
    weightMax >= 1 &&
    weightMax < 2 ** bits
  );
}

/** Largest magnitude of one word, 2^(b−1) − 1: `invited` of them stay below 2^(W−1). */
const scaleOf = (terms: QuantizationTerms) => (2 ** (terms.bits - 1) - 1) / terms.range;

/**
 * The words [d + 1] of `delta` [d], which is not changed; the caller zeroes it.
 *
 * Rejects coordinates that are NaN or infinite (the first one's index) and weights that are no integer
 * from 1 to weightMax.
 */
export function quantizeUpdate(
  delta: Float32Array,
  weight: number,
  terms: QuantizationTerms,
): Result<Uint32Array, QuantizeFault> {
  if (!fitsRing(terms)) throw new RangeError(`terms: ${JSON.stringify(terms)} do not fit the ring`);
  if (!Number.isSafeInteger(weight) || weight < 1 || weight > terms.weightMax)
    return fail({ code: 'weight-out-of-range', weight });
  const { range } = terms;
  const factor = (weight / terms.weightMax) * scaleOf(terms);
  const words = new Uint32Array(delta.length + AUXILIARY_LANES);
  for (let i = 0; i < delta.length; i++) {
    const x = delta[i] as number;
    if (!Number.isFinite(x)) {
      words.fill(0);
      return fail({ code: 'non-finite', index: i });
    }
    const clamped = x > range ? range : x < -range ? -range : x;
    words[i] = Math.round(clamped * factor);
  }
  words[delta.length] = weight;
  return ok(words);
}

export interface WeightedMean {
  /** Weighted mean update, [d]. */
  readonly delta: Float32Array;
  /** Examples of all participants together. */
  readonly weight: number;
}

/**
 * The weighted mean of an opened sum `sum` [d + 1] of `survivors` participants; only the low W bits of a word count.
 *
 * Rejects a weight lane that `survivors` weights from 1 to weightMax cannot give: masks that did not cancel
 * leave a uniform word there.
 */
export function weightedMean(
  sum: Uint32Array,
  survivors: number,
  terms: QuantizationTerms,
): Result<WeightedMean, QuantizeFault> {
  if (!fitsRing(terms)) throw new RangeError(`terms: ${JSON.stringify(terms)} do not fit the ring`);
  if (!Number.isInteger(survivors) || survivors < 1 || survivors > terms.invited)
    throw new RangeError(`survivors: ${survivors} of ${terms.invited}`);
  const length = sum.length - AUXILIARY_LANES;
  const spare = 32 - laneBits(terms);
  const lane = sum[length];
  if (lane === undefined) throw new RangeError('sum: no weight lane');
  const weight = (lane << spare) >>> spare;
  if (weight < survivors || weight > survivors * terms.weightMax)
    return fail({ code: 'weight-out-of-range', weight });
  const factor = terms.weightMax / weight / scaleOf(terms);
  const delta = new Float32Array(length);
  for (let i = 0; i < length; i++) delta[i] = (((sum[i] as number) << spare) >> spare) * factor;
  return ok({ delta, weight });
}
