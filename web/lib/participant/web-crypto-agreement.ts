/**
 * X25519 (RFC 7748) by the browser's WebCrypto, several times as fast as noble-curves: Chromium 133,
 * Firefox 130 and Safari 17 have it, on secure pages alone.
 */
import { fail, ok } from '#shared/base/result.ts';
import { nobleAgreement, type Agreement } from '#shared/crypto/agreement.ts';
import { isSmallOrder } from '#shared/crypto/small-order.ts';

const X25519 = { name: 'X25519' };
const KEY_BYTES = 32;
/** What comes before the 32 bytes of a secret key in DER (RFC 8410, section 7). */
const PKCS8_PREFIX = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 110, 4, 34, 4, 32);

/** `secretKey`, 32 bytes; rejects with the browser's NotSupportedError where it has no X25519. */
async function importSecretKey(subtle: SubtleCrypto, secretKey: Uint8Array): Promise<CryptoKey> {
  const pkcs8 = Uint8Array.of(...PKCS8_PREFIX, ...secretKey);
  try {
    return await subtle.importKey('pkcs8', pkcs8, X25519, false, ['deriveBits']);
  } finally {
    pkcs8.fill(0);
  }
}

export function webCryptoAgreement(subtle: SubtleCrypto): Agreement {
  return {
    agreeAll: async (secretKey, publicKeys) => {
      const secret = await importSecretKey(subtle, secretKey);
      return Promise.all(
        publicKeys.map(async (publicKey) => {
          if (isSmallOrder(publicKey)) return fail({ code: 'small-order-key' });
          const peer = await subtle.importKey('raw', Uint8Array.from(publicKey), X25519, false, []);
          const bits = await subtle.deriveBits({ ...X25519, public: peer }, secret, KEY_BYTES * 8);
          return ok(new Uint8Array(bits));
        }),
      );
    },
  };
}

/** The faster of what this page has: `subtle` is missing on plain-http pages, X25519 in older browsers. */
export async function browserAgreement(subtle: SubtleCrypto | undefined): Promise<Agreement> {
  if (subtle === undefined) return nobleAgreement;
  try {
    await importSecretKey(subtle, new Uint8Array(KEY_BYTES).fill(1));
    return webCryptoAgreement(subtle);
  } catch {
    return nobleAgreement;
  }
}
