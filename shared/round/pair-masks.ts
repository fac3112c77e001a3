/**
 * Masks a vector for a frozen roster, peer by peer, so that a driver may yield between two peers.
 *
 * Secure aggregation's pairwise masks (Bonawitz et al. 2017, section 4): the lower roster index of a pair
 * adds the stream of their common seed, the higher subtracts it, and the sum over the whole roster is the
 * plain sum.
 */
import { agree, type AgreementFault } from '../crypto/agreement.ts';
import { deriveKey } from '../crypto/derive.ts';
import { applyMask, type Prg } from '../crypto/mask.ts';
import { hexToBytes } from '../base/bytes.ts';
import type { ParticipantId, Sid } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { rosterRoot, type RosterEntry } from '../protocol/transcript.ts';

export interface MaskTerms {
  readonly sid: Sid;
  /** In roster order, checked (round/client/roster). */
  readonly entries: readonly RosterEntry[];
  readonly selfIndex: number;
  /** Own X25519 secret key, 32 bytes. */
  readonly secretKey: Uint8Array;
  readonly root: Uint8Array;
}

export function maskTerms(
  sid: Sid,
  entries: readonly RosterEntry[],
  self: ParticipantId,
  secretKey: Uint8Array,
): MaskTerms {
  const selfIndex = entries.findIndex((entry) => entry.participant === self);
  invariant(selfIndex >= 0, 'a participant masks for rosters it is in');
  return { sid, entries, selfIndex, secretKey, root: rosterRoot(sid, entries) };
}

/**
 * Adds or subtracts the mask shared with roster entry `peer` (an index, not one's own) to `words` in place.
 *
 * A fault leaves `words` as they were; masked with fewer peers than the roster's they must not be sent.
 */
export function maskWithPeer(
  words: Uint32Array,
  terms: MaskTerms,
  peer: number,
  prg?: Prg,
): Result<null, AgreementFault> {
  const entry = terms.entries[peer];
  invariant(entry !== undefined && peer !== terms.selfIndex, 'a peer is another entry of the roster');
  const secret = agree(terms.secretKey, hexToBytes(entry.maskKey));
  if (!secret.ok) return fail(secret.fault);
  const lower = Math.min(terms.selfIndex, peer);
  const higher = Math.max(terms.selfIndex, peer);
  const seed = deriveKey(secret.value, {
    domain: 'mask',
    sid: hexToBytes(terms.sid),
    root: terms.root,
    pair: [lower, higher],
  });
  applyMask(words, seed, terms.selfIndex === lower ? 'add' : 'subtract', prg);
  secret.value.fill(0);
  seed.fill(0);
  return ok(null);
}

/** Masks with every peer of the roster, in one go. */
export function maskWithAll(words: Uint32Array, terms: MaskTerms, prg?: Prg): Result<null, AgreementFault> {
  for (let peer = 0; peer < terms.entries.length; peer++) {
    if (peer === terms.selfIndex) continue;
    const masked = maskWithPeer(words, terms, peer, prg);
    if (!masked.ok) return masked;
  }
  return ok(null);
}
