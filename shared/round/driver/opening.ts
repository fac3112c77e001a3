/** From the sum of all uploads, still masked, to the next model. */
import { bytesToHex } from '../../base/bytes.ts';
import type { ModelHash, Sid } from '../../base/ids.ts';
import type { RandomSource } from '../../base/random.ts';
import { ok, type Result } from '../../base/result.ts';
import type { CryptoSuite } from '../../crypto/suite.ts';
import { bytesOfWords } from '../../numeric/ring.ts';
import type { Offer } from '../../protocol/messages/directions.ts';
import { bytesOfParameters, modelHashOf } from '../../tasks/parameters.ts';
import { federatedAverage } from '../../tasks/strategy.ts';
import { removeMasks, type RebuiltSecrets, type UnmaskTerms } from '../unmasking.ts';
import { meanOfSum } from '../vector.ts';

export interface MaskedSum {
  /** Ring words, [vectorWords]; opened in place. */
  readonly sum: Uint32Array;
  readonly masks: UnmaskTerms;
  readonly rebuilt: RebuiltSecrets;
}

export interface OpeningTerms {
  readonly sid: Sid;
  readonly offer: Offer;
  /** The model of the offer, [d]. */
  readonly global: Float32Array;
}

export interface OpeningPorts {
  readonly suite: CryptoSuite;
  /** Of the coordinator's own noise. */
  readonly random: RandomSource;
  /** Gives the thread back between two batches of masks. */
  pause(): Promise<void>;
}

export interface Opened {
  /** [d]. */
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly modelHash: ModelHash;
  /** Of what is released of the sum, hex. */
  readonly sumHash: string;
  /** Where the clip adapts: the noised share, 0..1, of updates that were not longer; else null. */
  readonly withinClip: number | null;
}

/** A sentence where the masks do not come off, or the sum is none that the offer allows. */
export async function openSum(
  { sum, masks, rebuilt }: MaskedSum,
  { sid, offer, global }: OpeningTerms,
  { suite, random, pause }: OpeningPorts,
): Promise<Result<Opened, string>> {
  const removed = await removeMasks(sum, masks, rebuilt, suite, pause);
  if (!removed.ok) return removed;
  const mean = meanOfSum(sum, masks.survivors.length, { offer, sid }, { random, prg: suite.prg });
  if (!mean.ok) return mean;
  const model = federatedAverage(global, mean.value.mean);
  if (!model.ok) return model;
  return ok({
    parameters: model.value,
    modelHash: modelHashOf(bytesOfParameters(model.value)),
    sumHash: bytesToHex(suite.sha256(bytesOfWords(sum))),
    withinClip: mean.value.withinClip,
  });
}
