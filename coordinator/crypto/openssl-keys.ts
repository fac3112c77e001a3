/** Raw keys of Curve25519 as OpenSSL's key objects (RFC 8410: what comes before their 32 bytes in DER). */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

export type Curve = 'ed25519' | 'x25519';

const SPKI_PREFIX: Record<Curve, Buffer> = {
  ed25519: Buffer.from('302a300506032b6570032100', 'hex'),
  x25519: Buffer.from('302a300506032b656e032100', 'hex'),
};
const PKCS8_PREFIX: Record<Curve, Buffer> = {
  ed25519: Buffer.from('302e020100300506032b657004220420', 'hex'),
  x25519: Buffer.from('302e020100300506032b656e04220420', 'hex'),
};
const KEY_BYTES = 32;

/** `bytes`: 32, RangeError where they are not. OpenSSL keeps a copy. */
export function secretKeyOf(curve: Curve, bytes: Uint8Array): KeyObject {
  if (bytes.length !== KEY_BYTES) throw new RangeError(`secretKey: ${bytes.length} bytes`);
  const pkcs8 = Buffer.concat([PKCS8_PREFIX[curve], bytes]);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  pkcs8.fill(0);
  return key;
}

/** `bytes`: 32. */
export const publicKeyOf = (curve: Curve, bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([SPKI_PREFIX[curve], bytes]), format: 'der', type: 'spki' });

/** The 32 bytes of the public key that belongs to a secret one. */
export const publicBytesOf = (secretKey: KeyObject): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createPublicKey(secretKey).export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES));
