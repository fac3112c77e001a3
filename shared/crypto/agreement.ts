/** X25519 key agreement (RFC 7748), on the audited noble-curves implementation. */
import { x25519 } from '@noble/curves/ed25519.js';
import type { RandomSource } from '../base/random.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { isSmallOrder } from './small-order.ts';

export interface KeyPair {
  /** 32 bytes; the holder zeroes them when the round is over. */
  readonly secretKey: Uint8Array;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** The public key of `secretKey`, 32 bytes each. */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  return x25519.getPublicKey(secretKey);
}

/** A fresh pair from 32 bytes of `random`. */
export function generateKeyPair(random: RandomSource): KeyPair {
  const secretKey = random(32);
  return { secretKey, publicKey: publicKeyOf(secretKey) };
}

export type AgreementFault = { readonly code: 'small-order-key' };

/** The 32-byte shared secret. A public key of small order, which would make it zero, is the peer's fault. */
export function agree(secretKey: Uint8Array, publicKey: Uint8Array): Result<Uint8Array, AgreementFault> {
  if (isSmallOrder(publicKey)) return fail({ code: 'small-order-key' });
  return ok(x25519.getSharedSecret(secretKey, publicKey));
}

/** One secret key with many peers' at once; WebCrypto answers later and on other threads. */
export interface Agreement {
  /** What `agree` gives with each of `publicKeys` (32 bytes each), in their order. */
  agreeAll(
    secretKey: Uint8Array,
    publicKeys: readonly Uint8Array[],
  ): Promise<readonly Result<Uint8Array, AgreementFault>[]>;
}

/** The reference implementation, in every tab and in Node. */
export const nobleAgreement: Agreement = {
  agreeAll: async (secretKey, publicKeys) => publicKeys.map((publicKey) => agree(secretKey, publicKey)),
};
