/** The one signed outcome of a sid, as it is sent to those in the round and to those who come back for it. */
import { hexToBytes } from '../../base/bytes.ts';
import type { Sid } from '../../base/ids.ts';
import type { Signer } from '../../crypto/identity.ts';
import type { AbortCode } from '../../protocol/faults.ts';
import type { ToParticipantOf } from '../../protocol/messages/directions.ts';
import { outcomeBody } from '../../protocol/transcript.ts';

/** `sumHash` and `modelHash` are hex. */
export async function resultMessage(
  sid: Sid,
  {
    sumHash,
    modelHash,
    survivors,
  }: { readonly sumHash: string; readonly modelHash: string; readonly survivors: number },
  signer: Signer,
): Promise<ToParticipantOf<'result'>> {
  const unsigned = {
    kind: 'result' as const,
    sid: hexToBytes(sid),
    sumHash: hexToBytes(sumHash),
    modelHash: hexToBytes(modelHash),
    survivors,
  };
  return { ...unsigned, signature: await signer.sign('outcome', outcomeBody(unsigned)) };
}

export async function abortMessage(
  sid: Sid,
  { code, detail }: { readonly code: AbortCode; readonly detail: string },
  signer: Signer,
): Promise<ToParticipantOf<'abort'>> {
  const unsigned = { kind: 'abort' as const, sid: hexToBytes(sid), code, detail };
  return { ...unsigned, signature: await signer.sign('outcome', outcomeBody(unsigned)) };
}
