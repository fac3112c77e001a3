/** What a round's keys are bound to: the sid of an offer and the root of a roster. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, u32be, utf8ToBytes } from '../base/bytes.ts';
import { isSid, type ParticipantId, type Sid } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { encodeMessage } from './codec.ts';

/** One line of a roster; hex, as the machines hold it. */
export interface RosterEntry {
  readonly participant: ParticipantId;
  /** X25519 public key, 64 hex characters. */
  readonly maskKey: string;
}

/** SHA-256("sid" ‖ offer frame ‖ coordinator key). `coordinatorKey` is 32 bytes. */
export function sidOfOffer(offerFrame: Uint8Array, coordinatorKey: Uint8Array): Sid {
  const sid = bytesToHex(sha256(concatBytes(utf8ToBytes('sid'), offerFrame, coordinatorKey)));
  invariant(isSid(sid), 'a SHA-256 in hex is a sid');
  return sid;
}

/**
 * SHA-256("roster" ‖ sid ‖ u32be n ‖ n × (participant id ‖ SHA-256(advertise frame))), 32 bytes, entries in
 * the roster's order.
 */
export function rosterRoot(sid: Sid, entries: readonly RosterEntry[]): Uint8Array {
  const sidBytes = hexToBytes(sid);
  const list = entries.flatMap(({ participant, maskKey }) => [
    hexToBytes(participant),
    sha256(encodeMessage({ kind: 'advertise', sid: sidBytes, maskKey: hexToBytes(maskKey) })),
  ]);
  return sha256(concatBytes(utf8ToBytes('roster'), sidBytes, u32be(entries.length), ...list));
}
