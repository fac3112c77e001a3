/** X25519 (RFC 7748) by OpenSSL, for participants in Node. */
import { createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import type { Agreement } from '#shared/crypto/agreement.ts';
import { isSmallOrder } from '#shared/crypto/small-order.ts';
import { fail, ok } from '#shared/base/result.ts';

/** What comes before the 32 bytes of a key in DER (RFC 8410, sections 4 and 7). */
const SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

export const openSslAgreement: Agreement = {
  agreeAll: async (secretKey, publicKeys) => {
    const pkcs8 = Buffer.concat([PKCS8_PREFIX, secretKey]);
    const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    pkcs8.fill(0);
    return publicKeys.map((key) => {
      if (isSmallOrder(key)) return fail({ code: 'small-order-key' });
      const spki = Buffer.concat([SPKI_PREFIX, key]);
      const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
      return ok(new Uint8Array(diffieHellman({ privateKey, publicKey })));
    });
  },
};
