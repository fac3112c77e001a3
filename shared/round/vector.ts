/** The vector that is masked, as an offer says: its length, the bits of a lane, and how an update becomes words. */
import { hexToBytes } from '../base/bytes.ts';
import type { Sid } from '../base/ids.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { laneBits, quantizeUpdate, weightedMean, type QuantizationTerms } from '../numeric/quantize.ts';
import { adaptsClip, laneValuesOf, shareWithinClip } from '../privacy/adaptive-clip.ts';
import { applyMechanism, decodeSum, prepareMechanism } from '../privacy/contribution.ts';
import { mechanismWords } from '../privacy/mechanism-parameters.ts';
import type { SecretRandom } from '../privacy/noise-words.ts';
import type { OfferedPrivacy } from '../privacy/offered-privacy.ts';
import { AUXILIARY_LANES } from '../protocol/limits.ts';
import type { Offer } from '../protocol/messages/directions.ts';

const NOT_OFFERED = 'The sum of the uploads is not what the offer allows; no model was made of it.';

/** Where no noise is added: how numbers travel. */
export function quantizationTerms(offer: Offer): QuantizationTerms {
  const { range, bits } = offer.quantization;
  return { range, bits, invited: offer.invited, weightMax: offer.weightMax };
}

/** Lanes of the vector for a model of `parameters` parameters. */
export const vectorWordsOf = (privacy: OfferedPrivacy | null, parameters: number): number =>
  AUXILIARY_LANES + (privacy === null ? parameters : mechanismWords(privacy.mechanism));

/** W. */
export const vectorBits = (offer: Offer): number =>
  offer.privacy === null ? laneBits(quantizationTerms(offer)) : offer.privacy.mechanism.bits;

interface TrainedUpdate {
  /** [d]. Not changed. */
  readonly delta: Float32Array;
  readonly examples: number;
}

/**
 * One participant's words, not masked yet. Under noise there always are some: `trained` is null where training failed,
 * and then, as for an update that is not finite, they are zeros with noise (nobody drops out because of its data).
 * Without noise such an update fails, and so does one from more examples than the offer takes.
 */
export function vectorOfUpdate(
  trained: TrainedUpdate | null,
  { offer, sid }: { readonly offer: Offer; readonly sid: Sid },
  secret: SecretRandom,
): Result<Uint32Array, 'unusable'> {
  if (offer.privacy === null) {
    if (trained === null) return fail('unusable');
    const words = quantizeUpdate(trained.delta, trained.examples, quantizationTerms(offer));
    return words.ok ? words : fail('unusable');
  }
  const { mechanism } = offer.privacy;
  const contribution =
    trained === null ? null : { update: trained.delta, laneValues: laneValuesOf(trained.delta, mechanism) };
  const prepared = prepareMechanism(mechanism, 'participant');
  const noisy = applyMechanism(contribution, prepared, { sid: hexToBytes(sid), secret });
  const words = new Uint32Array(noisy.length + AUXILIARY_LANES);
  words.set(noisy);
  noisy.fill(0);
  // NUMBER-5: of every participant the same, whatever its data: no noise, and nothing to count.
  words[words.length - 1] = 1;
  return ok(words);
}

interface OpenedSum {
  /** [d]. */
  readonly mean: Float32Array;
  /** Where the clip adapts: the noised share, 0..1, of updates that were not longer; else null. */
  readonly withinClip: number | null;
}

/**
 * The mean update that the opened sum of `survivors` stands for: weighted by examples without noise, and of all
 * alike under it. `sum` then holds what is released of it, below 2^W: in mode `central` with the noise that is added
 * here. A sentence where the sum is none that the offer allows.
 */
export function meanOfSum(
  sum: Uint32Array,
  survivors: number,
  { offer, sid }: { readonly offer: Offer; readonly sid: Sid },
  secret: SecretRandom,
): Result<OpenedSum, string> {
  if (offer.privacy !== null) {
    const { mechanism } = offer.privacy;
    const counted = (sum.at(-1) ?? 0) % 2 ** mechanism.bits;
    if (counted !== survivors % 2 ** mechanism.bits) return fail(NOT_OFFERED);
    sum[sum.length - 1] = counted;
    const noisy = sum.subarray(0, -AUXILIARY_LANES);
    const prepared = prepareMechanism(mechanism, 'coordinator');
    const { mean, laneSums } = decodeSum(noisy, prepared, { survivors, sid: hexToBytes(sid), secret });
    return ok({ mean, withinClip: withinClipOf(laneSums, offer.privacy, survivors) });
  }
  const terms = quantizationTerms(offer);
  const spare = 32 - laneBits(terms);
  for (let i = 0; i < sum.length; i++) sum[i] = ((sum[i] as number) << spare) >>> spare;
  const mean = weightedMean(sum, survivors, terms);
  return mean.ok ? ok({ mean: mean.value.delta, withinClip: null }) : fail(NOT_OFFERED);
}

function withinClipOf(
  laneSums: readonly number[],
  { mechanism }: OfferedPrivacy,
  survivors: number,
): number | null {
  const [laneSum] = laneSums;
  const [bound] = mechanism.lanes;
  if (!adaptsClip(mechanism) || laneSum === undefined || bound === undefined) return null;
  return shareWithinClip(laneSum, bound, survivors);
}
