/** What one that comes back is told of an attempt that ended while it was away (OUTCOME-2). */
import type { Signer } from '#shared/crypto/identity.ts';
import type { RoundView } from '#shared/protocol/api.ts';
import type { ToParticipant } from '#shared/protocol/messages/directions.ts';
import { abortMessage, resultMessage } from '#shared/round/driver/outcome-messages.ts';

/** Signed by the coordinator. */
export function outcomeOf(ended: RoundView, signer: Signer): Promise<ToParticipant> {
  const { sid, sumHash, modelHash, participants, abortCode } = ended;
  if (sumHash !== null && modelHash !== null)
    return resultMessage(sid, { sumHash, modelHash, survivors: participants }, signer);
  const detail = 'The attempt ended while this participant was away.';
  return abortMessage(sid, { code: abortCode ?? 'stopped', detail }, signer);
}
