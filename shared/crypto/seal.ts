/**
 * Sealed shares: AES-256-GCM (NIST SP 800-38D), nonce zero, under a key that seals exactly once (crypto/derive,
 * "seal": one key a round, roster and direction). The audited noble-ciphers implementation, in Node and in every
 * page, plain-http ones included.
 */
import { gcm } from '@noble/ciphers/aes.js';
import { fail, ok, type Result } from '../base/result.ts';

const NONCE = new Uint8Array(12);
/** Bytes that sealing adds: the tag. */
export const SEAL_BYTES = 16;

/** `key` 32 bytes, used for this one plaintext only. Gives `plaintext.length + SEAL_BYTES` bytes. */
export function seal(key: Uint8Array, plaintext: Uint8Array, context: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gcm(key, NONCE, context).encrypt(plaintext));
}

/** Rejects what was not sealed with this key and context. */
export function unseal(
  key: Uint8Array,
  sealed: Uint8Array,
  context: Uint8Array,
): Result<Uint8Array, 'not-authentic'> {
  if (sealed.length < SEAL_BYTES) return fail('not-authentic');
  try {
    return ok(gcm(key, NONCE, context).decrypt(sealed));
  } catch {
    return fail('not-authentic');
  }
}
