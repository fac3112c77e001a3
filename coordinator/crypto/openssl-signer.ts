/** Ed25519 signatures (RFC 8032) by OpenSSL: the same bytes as noble's, in a tenth of the time. */
import { sign } from 'node:crypto';
import { signedMessage, type Signer } from '#shared/crypto/identity.ts';
import { publicBytesOf, secretKeyOf } from './openssl-keys.ts';

/** `secretKey` is the 32-byte seed of RFC 8032; RangeError where it is not. OpenSSL keeps a copy. */
export function openSslSigner(secretKey: Uint8Array): Signer {
  const key = secretKeyOf('ed25519', secretKey);
  return {
    publicKey: publicBytesOf(key),
    sign: async (domain, body) => new Uint8Array(sign(null, signedMessage(domain, body), key)),
  };
}
