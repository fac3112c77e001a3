/** The coordinator's messages about a round as events of the machine: bytes become the hex it holds. */
import { bytesToHex } from '../base/bytes.ts';
import { isModelHash, isParticipantId, type ModelHash } from '../base/ids.ts';
import { invariant, unreachable } from '../base/invariant.ts';
import type { ToParticipant } from '../protocol/messages/directions.ts';
import type { ClientEvent } from '../round/client/types.ts';

export function roundEventOf(
  message: Extract<ToParticipant, { kind: 'roster' | 'result' | 'abort' }>,
): ClientEvent {
  switch (message.kind) {
    case 'roster': {
      const entries = message.entries.map(({ participant, maskKey }) => {
        const id = bytesToHex(participant);
        invariant(isParticipantId(id), 'the codec gives 32 bytes');
        return { participant: id, maskKey: bytesToHex(maskKey) };
      });
      return { kind: 'roster', entries };
    }
    case 'result':
      return { kind: 'result', modelHash: modelHashOfBytes(message.modelHash), survivors: message.survivors };
    case 'abort':
      return { kind: 'abort', code: message.code, detail: message.detail };
    default:
      return unreachable(message);
  }
}

export function modelHashOfBytes(bytes: Uint8Array): ModelHash {
  const hash = bytesToHex(bytes);
  invariant(isModelHash(hash), 'the codec gives 32 bytes');
  return hash;
}
