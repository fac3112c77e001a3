/** What the coordinator sends a client once everybody has shared: U2, U3, and the signatures of its holders. */
import { hexToBytes } from '#shared/base/bytes.ts';
import { bitsetOf } from '#shared/protocol/bitset.ts';
import { encodeMessage } from '#shared/protocol/codec.ts';
import { confirmBody, u2Body, u3Body } from '#shared/protocol/transcript.ts';
import type { Signer } from '#shared/crypto/identity.ts';
import type { Cohort } from './cohort.ts';
import { vanished } from './conditions.ts';

type Frame = Uint8Array<ArrayBuffer>;

export interface Requests {
  readonly maskRequest: Frame;
  readonly unmaskRequest: Frame;
  readonly confirmations: Frame;
  readonly u2: Uint8Array;
  readonly u3: Uint8Array;
  /** Roster indices, ascending. */
  readonly survivors: readonly number[];
  readonly dropped: readonly number[];
}

/** Everybody is in U2; the share `dropout` of them is not in U3. */
export async function requestsTo(cohort: Cohort, dropout: number): Promise<Requests> {
  const { sid, seat, coordinator, signers } = cohort;
  const sidBytes = hexToBytes(sid);
  const root = hexToBytes(seat.root);
  const everybody = Array.from({ length: seat.size }, (_, index) => index);
  const dropped = vanished({ cohort: seat.size, dropout }, seat.self);
  const survivors = everybody.filter((index) => !dropped.includes(index));
  const [u2, u3] = [bitsetOf(everybody, seat.size), bitsetOf(survivors, seat.size)];
  const u2Signature = await coordinator.sign('u2', u2Body(sid, root, u2));
  const u3Signature = await coordinator.sign('u3', u3Body(sid, root, u2, u3));
  const body = confirmBody(sid, root, u2, u3);
  const confirming = survivors.filter((index) => index !== seat.self && seat.holders.includes(index));
  const signatures = await Promise.all(
    confirming.map(async (from) => ({
      from,
      signature: await (signers[from] as Signer).sign('confirm', body),
    })),
  );
  return {
    maskRequest: encodeMessage({ kind: 'mask-request', sid: sidBytes, u2, signature: u2Signature }),
    unmaskRequest: encodeMessage({ kind: 'unmask-request', sid: sidBytes, u3, signature: u3Signature }),
    confirmations: encodeMessage({ kind: 'confirmations', sid: sidBytes, signatures }),
    u2,
    u3,
    survivors,
    dropped,
  };
}
