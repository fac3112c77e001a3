/**
 * Keys from shared secrets: HKDF-SHA256 (RFC 5869) with a named domain for each use.
 *
 * salt = sid, info = domain ‖ root ‖ u32be first ‖ u32be second, so that a key belongs to one round, one
 * roster, one use and one pair.
 */
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, u32be, utf8ToBytes } from '../base/bytes.ts';

/**
 * `mask`: the stream of a pair, numbers are (lower roster index, higher roster index).
 * `seal`: the shares that one seals to another, numbers are (from, to).
 * `self`: the stream of a self mask, both numbers are its owner's.
 */
export type KeyDomain = 'mask' | 'seal' | 'self';

export interface DerivationContext {
  readonly domain: KeyDomain;
  /** 32 bytes. */
  readonly sid: Uint8Array;
  /** 32 bytes (protocol/transcript). */
  readonly root: Uint8Array;
  readonly pair: readonly [number, number];
}

/** A 32-byte key. */
export function deriveKey(sharedSecret: Uint8Array, context: DerivationContext): Uint8Array {
  const [first, second] = context.pair;
  const info = concatBytes(utf8ToBytes(context.domain), context.root, u32be(first), u32be(second));
  return hkdf(sha256, sharedSecret, context.sid, info, 32);
}
