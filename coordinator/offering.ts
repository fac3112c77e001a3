/** Composes the offer of one attempt at a round, and the plan that its machine is begun with. */
import { hexToBytes } from '#shared/base/bytes.ts';
import type { ParticipantId } from '#shared/base/ids.ts';
import { systemRandom } from '#shared/base/random.ts';
import { encodeMessage } from '#shared/protocol/codec.ts';
import { AUXILIARY_LANES } from '#shared/protocol/limits.ts';
import type { Offer } from '#shared/protocol/messages/directions.ts';
import { sidOfOffer } from '#shared/protocol/transcript.ts';
import type { RoundPlan } from '#shared/round/coordinator/types.ts';
import { parameterCount } from '#shared/tasks/layout.ts';
import type { RunRecord } from './store/port.ts';

export interface Offering {
  readonly offer: Offer;
  readonly plan: RoundPlan;
}

/** With a fresh nonce, so that no two offers share a sid (OFFER-1). `coordinatorKey` is 32 bytes. */
export function composeOffering(
  { id, task, settings, modelHash }: RunRecord,
  { round, attempt }: { readonly round: number; readonly attempt: number },
  invited: readonly ParticipantId[],
  coordinatorKey: Uint8Array,
): Offering {
  const vectorWords = parameterCount(task.model) + AUXILIARY_LANES;
  const { minCohort, durationsMs, seed } = settings;
  const offer: Offer = {
    kind: 'offer',
    run: id,
    round,
    attempt,
    nonce: new Uint8Array(systemRandom(32)),
    modelHash: hexToBytes(modelHash),
    taskId: task.id,
    training: settings.training ?? task.training,
    quantization: task.quantization,
    weightMax: task.weightMax,
    invited: invited.length,
    minCohort,
    vectorWords,
    seed,
    durationsMs,
  };
  const sid = sidOfOffer(encodeMessage(offer), coordinatorKey);
  return { offer, plan: { sid, round, attempt, modelHash, invited, minCohort, vectorWords, durationsMs } };
}
