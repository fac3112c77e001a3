/**
 * Ed25519 identities (RFC 8032) with one strict verifier, on the audited noble-curves implementation.
 *
 * Implementations of Ed25519 disagree about edge cases (Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs",
 * 2020). Stricter than RFC 8032, section 5.1.7: the public key A and the commitment R must be canonical encodings of
 * points of the prime order L, so that points of small order, points with a small-order part and the neutral point
 * are refused; 0 ≤ S < L. In that subgroup the equations with and without the cofactor say the same, so every
 * implementation behind these checks gives one answer.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { concatBytes, utf8ToBytes } from '../base/bytes.ts';

const SIGNATURE_BYTES = 64;

/** What a signature is for: one signed for one use is worth nothing for another. */
export type SignatureDomain =
  | 'hello' // a participant: it is at this connection
  | 'offer' // the coordinator, and so the six below it
  | 'roster'
  | 'u2'
  | 'u3'
  | 'outcome'
  | 'advertise' // a participant, and so the two below it
  | 'link'
  | 'confirm'
  | 'invite' // a run's admin: this invite key is invited
  | 'identity'; // an invite key: this identity came by it

/** utf8(domain) ‖ 0x00 ‖ body: the bytes that are signed. No domain holds a zero byte, so no two pairs collide. */
export function signedMessage(domain: SignatureDomain, body: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(concatBytes(utf8ToBytes(domain), Uint8Array.of(0), body));
}

export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  /** 64 bytes over `signedMessage(domain, body)`. Some browsers sign at random, so sameness is judged on the body. */
  sign(domain: SignatureDomain, body: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
}

/** `secretKey` is the 32-byte seed of RFC 8032; RangeError where it is not. The signer keeps a copy. */
export function nobleSigner(secretKey: Uint8Array): Signer {
  if (secretKey.length !== 32) throw new RangeError(`secretKey: ${secretKey.length} bytes`);
  const seed = secretKey.slice();
  return {
    publicKey: new Uint8Array(ed25519.getPublicKey(seed)),
    sign: async (domain, body) => new Uint8Array(ed25519.sign(signedMessage(domain, body), seed)),
  };
}

export interface SignatureCheck {
  readonly domain: SignatureDomain;
  readonly body: Uint8Array;
  /** 64 bytes; of another length it does not hold. */
  readonly signature: Uint8Array;
  /** 32 bytes; of another length nothing holds. */
  readonly publicKey: Uint8Array;
}

/** Whether the signature holds. Never throws for what came from outside. */
export function verify({ domain, body, signature, publicKey }: SignatureCheck): boolean {
  return verifyBytes(signature, signedMessage(domain, body), publicKey);
}

/** The verifier without domains: of `message` as it is. For published vectors and other libraries' signatures. */
export function verifyBytes(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  // R is held to the same rule.
  if (!isSoundKey(publicKey) || !isSoundKey(signature.subarray(0, 32))) return false;
  // Refuses S ≥ L.
  return ed25519.verify(signature, message, publicKey, { zip215: false });
}

/** Whether these are the canonical bytes of a point of order L: a public key without a small-order part. */
export function isSoundKey(encoded: Uint8Array): boolean {
  try {
    const point = ed25519.Point.fromBytes(encoded, false);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    // Another length, no point of the curve, or not its canonical encoding.
    return false;
  }
}

/** The neutral point, the one R without a small-order part that is not of order L. */
const NEUTRAL = ed25519.Point.ZERO.toBytes();

/**
 * What must hold before a verifier without the cofactor (OpenSSL's, BoringSSL's, WebCrypto's by its specification) is
 * asked, so that it answers as `verify` does: of a sound key, its equation S·B = R + k·A holds for no R with a
 * small-order part. `isSound` may remember keys (crypto/sound-keys).
 */
export function isWellFormed(
  signature: Uint8Array,
  publicKey: Uint8Array,
  isSound: (publicKey: Uint8Array) => boolean = isSoundKey,
): boolean {
  return (
    signature.length === SIGNATURE_BYTES &&
    NEUTRAL.some((byte, index) => byte !== signature[index]) &&
    isSound(publicKey)
  );
}
