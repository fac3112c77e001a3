/** The vector that is masked, as an offer says: its length, the bits of a lane, and how an update becomes words. */
import { hexToBytes } from '../base/bytes.ts';
import type { Sid } from '../base/ids.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { laneBits, quantizeUpdate, weightedMean, type QuantizationTerms } from '../numeric/quantize.ts';
import { applyMechanism, decodeSum, prepareMechanism } from '../privacy/contribution.ts';
import { mechanismWords } from '../privacy/mechanism-parameters.ts';
import type { SecretRandom } from '../privacy/noise-words.ts';
import type { OfferedPrivacy } from '../privacy/offered-privacy.ts';
import { AUXILIARY_LANES } from '../protocol/limits.ts';
import type { Offer } from '../protocol/messages/directions.ts';

/** Where no noise is added: how numbers travel. */
export function quantizationTerms(offer: Offer): QuantizationTerms {
  const { range, bits } = offer.quantization;
  return { range, bits, invited: offer.invited, weightMax: offer.weightMax };
}

/** Lanes of the vector for a model of `parameters` parameters. */
export const vectorWordsOf = (privacy: OfferedPrivacy | null, parameters: number): number =>
  privacy === null ? parameters + AUXILIARY_LANES : mechanismWords(privacy.mechanism);

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
  const contribution = trained === null ? null : { update: trained.delta, laneValues: [] };
  const prepared = prepareMechanism(offer.privacy.mechanism, 'participant');
  return ok(applyMechanism(contribution, prepared, { sid: hexToBytes(sid), secret }));
}

/**
 * The mean update [d] that the opened sum of `survivors` stands for: weighted by examples without noise, and of all
 * alike under it. `sum` then holds what is released of it, below 2^W: in mode `central` with the noise that is added
 * here. A sentence where the sum is none that the offer allows.
 */
export function meanOfSum(
  sum: Uint32Array,
  survivors: number,
  { offer, sid }: { readonly offer: Offer; readonly sid: Sid },
  secret: SecretRandom,
): Result<Float32Array, string> {
  if (offer.privacy !== null) {
    const prepared = prepareMechanism(offer.privacy.mechanism, 'coordinator');
    return ok(decodeSum(sum, prepared, { survivors, sid: hexToBytes(sid), secret }).mean);
  }
  const terms = quantizationTerms(offer);
  const spare = 32 - laneBits(terms);
  for (let i = 0; i < sum.length; i++) sum[i] = ((sum[i] as number) << spare) >>> spare;
  const mean = weightedMean(sum, survivors, terms);
  return mean.ok
    ? ok(mean.value.delta)
    : fail('The sum of the uploads is not what the offer allows; no model was made of it.');
}
