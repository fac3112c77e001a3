/** Composes the offer of one attempt at a round, and the plan that its machine is begun with. */
import { hexToBytes } from '#shared/base/bytes.ts';
import type { ParticipantId } from '#shared/base/ids.ts';
import { systemRandom } from '#shared/base/random.ts';
import type { Signer } from '#shared/crypto/identity.ts';
import type { OfferedPrivacy } from '#shared/privacy/offered-privacy.ts';
import { encodeOffer } from '#shared/protocol/codec.ts';
import type { Offer, ToParticipantOf } from '#shared/protocol/messages/directions.ts';
import { sidOfOffer } from '#shared/protocol/transcript.ts';
import { vectorWordsOf } from '#shared/round/vector.ts';
import type { RoundPlan } from '#shared/round/coordinator/types.ts';
import { parameterCount } from '#shared/tasks/layout.ts';
import { accomplicesOf } from '#shared/tasks/run.ts';
import { trainingInRound } from '#shared/tasks/training.ts';
import type { RunRecord } from './store/port.ts';

export interface Offering {
  readonly offer: Offer;
  readonly message: ToParticipantOf<'offer'>;
  readonly plan: RoundPlan;
}

/** Whom it goes to, and what it says of noise. */
interface Invited {
  readonly invited: readonly ParticipantId[];
  readonly privacy: OfferedPrivacy | null;
}

/** With a fresh nonce, so that no two offers share a sid (OFFER-1), signed by the coordinator. */
export async function composeOffering(
  { id, task, settings, modelHash }: RunRecord,
  { round, attempt }: { readonly round: number; readonly attempt: number },
  { invited, privacy }: Invited,
  signer: Signer,
): Promise<Offering> {
  const vectorWords = vectorWordsOf(privacy, parameterCount(task.model));
  const { minCohort, minSurvivors, dropoutPerMille, durationsMs, seed } = settings;
  const accomplices = accomplicesOf(settings, invited.length);
  const offer: Offer = {
    run: id,
    round,
    attempt,
    nonce: new Uint8Array(systemRandom(32)),
    modelHash: hexToBytes(modelHash),
    taskId: task.id,
    training: trainingInRound(settings.training ?? task.training, round),
    quantization: task.quantization,
    weightMax: task.weightMax,
    invited: invited.length,
    minCohort,
    minSurvivors: Math.min(minSurvivors, minCohort),
    accomplices,
    dropoutPerMille,
    vectorWords,
    privacy,
    seed,
    durationsMs,
  };
  const terms = encodeOffer(offer);
  const sid = sidOfOffer(terms, signer.publicKey);
  const plan: RoundPlan = {
    sid,
    round,
    attempt,
    modelHash,
    invited,
    minCohort,
    minSurvivors: offer.minSurvivors,
    accomplices,
    dropoutPerMille,
    vectorWords,
    durationsMs,
  };
  return { offer, plan, message: { kind: 'offer', terms, signature: await signer.sign('offer', terms) } };
}
