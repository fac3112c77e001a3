/**
 * What a round's keys and signatures are bound to: the sid of an offer, the root of a roster, and the bytes that
 * are signed. Every signed body but the offer's (which makes the sid) holds the sid.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, u32be, utf8ToBytes } from '../base/bytes.ts';
import { isParticipantId, isSid, type ParticipantId, type Sid } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { encodeValue } from './codec.ts';
import type { Advertise, ToParticipantOf } from './messages/directions.ts';

/** One line of a roster; hex, as the machines hold it. */
export interface RosterEntry {
  readonly participant: ParticipantId;
  /** SHA-256 of the unsigned advertise, 64 hex characters. */
  readonly digest: string;
}

/** SHA-256("sid" ‖ offer terms ‖ coordinator key). `coordinatorKey` is 32 bytes. */
export function sidOfOffer(terms: Uint8Array, coordinatorKey: Uint8Array): Sid {
  const sid = bytesToHex(sha256(concatBytes(utf8ToBytes('sid'), terms, coordinatorKey)));
  invariant(isSid(sid), 'a SHA-256 in hex is a sid');
  return sid;
}

/** The advertise without its signature: what is signed, and what a roster lists the SHA-256 of. */
export const advertiseBody = (message: Advertise): Uint8Array<ArrayBuffer> => unsigned(message);

/** The encoding of a message without its signature. */
function unsigned(message: object): Uint8Array<ArrayBuffer> {
  return encodeValue(Object.fromEntries(Object.entries(message).filter(([field]) => field !== 'signature')));
}

/** SHA-256 of the unsigned advertise, hex. */
export const advertiseDigest = (message: Advertise): string => bytesToHex(sha256(advertiseBody(message)));

/** n × (participant ‖ digest), 64 bytes each, in the order given. */
export function rosterList(entries: readonly RosterEntry[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    concatBytes(
      ...entries.flatMap(({ participant, digest }) => [hexToBytes(participant), hexToBytes(digest)]),
    ),
  );
}

/** Rejects (with a sentence) a list that does not end with a whole entry. */
export function rosterEntries(list: Uint8Array): Result<readonly RosterEntry[], string> {
  if (list.length % 64 !== 0) return fail(`A roster list of ${list.length} bytes is no number of entries.`);
  const entries: RosterEntry[] = [];
  for (let start = 0; start < list.length; start += 64) {
    const participant = bytesToHex(list.subarray(start, start + 32));
    invariant(isParticipantId(participant), '32 bytes are a participant id');
    entries.push({ participant, digest: bytesToHex(list.subarray(start + 32, start + 64)) });
  }
  return ok(entries);
}

/** SHA-256("roster" ‖ sid ‖ u32be n ‖ list), 32 bytes. */
export function rosterRoot(sid: Sid, list: Uint8Array): Uint8Array {
  return sha256(concatBytes(utf8ToBytes('roster'), hexToBytes(sid), u32be(list.length / 64), list));
}

/** SHA-256("b" ‖ sid ‖ b), 32 bytes. */
export function selfMaskCommitment(sid: Sid, seed: Uint8Array): Uint8Array {
  return sha256(concatBytes(utf8ToBytes('b'), hexToBytes(sid), seed));
}

/** AAD of a sealed share: "share" ‖ sid ‖ root ‖ from ‖ to ‖ x, the last three u32be. */
export function shareContext(sid: Sid, root: Uint8Array, from: number, to: number): Uint8Array {
  // x of the holder is its roster index + 1 (crypto/shamir).
  return concatBytes(utf8ToBytes('share'), hexToBytes(sid), root, u32be(from), u32be(to), u32be(to + 1));
}

// ── signed bodies ───────────────────────────────────────────────────────────────────────────────

/** nonce ‖ coordinator key ‖ run: the identity is proven for one connection. */
export const helloBody = (nonce: Uint8Array, coordinatorKey: Uint8Array, run: string): Uint8Array =>
  concatBytes(nonce, coordinatorKey, utf8ToBytes(run));

export const rosterBody = (sid: Sid, root: Uint8Array): Uint8Array => concatBytes(hexToBytes(sid), root);

/** `to` and `from` are roster indices. */
export const linkBody = (sid: Sid, root: Uint8Array, from: number, to: number): Uint8Array =>
  concatBytes(hexToBytes(sid), root, u32be(from), u32be(to));

/** `u2` is the bitset. */
export const u2Body = (sid: Sid, root: Uint8Array, u2: Uint8Array): Uint8Array =>
  concatBytes(hexToBytes(sid), root, u2);

/** `u2` and `u3` are the bitsets. */
export const u3Body = (sid: Sid, root: Uint8Array, u2: Uint8Array, u3: Uint8Array): Uint8Array =>
  concatBytes(hexToBytes(sid), root, sha256(u2), u3);

/** sid ‖ root ‖ H(U2) ‖ H(U3): what a participant confirms to have seen. */
export const confirmBody = (sid: Sid, root: Uint8Array, u2: Uint8Array, u3: Uint8Array): Uint8Array =>
  concatBytes(hexToBytes(sid), root, sha256(u2), sha256(u3));

/** The outcome without its signature. */
export const outcomeBody = (
  outcome: Omit<ToParticipantOf<'result'>, 'signature'> | Omit<ToParticipantOf<'abort'>, 'signature'>,
): Uint8Array<ArrayBuffer> => unsigned(outcome);
