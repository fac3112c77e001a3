/** X25519 (RFC 7748) by OpenSSL, for participants in Node. */
import { diffieHellman } from 'node:crypto';
import { fail, ok } from '#shared/base/result.ts';
import type { Agreement } from '#shared/crypto/agreement.ts';
import { isSmallOrder } from '#shared/crypto/small-order.ts';
import { publicKeyOf, secretKeyOf } from './openssl-keys.ts';

export const openSslAgreement: Agreement = {
  agreeAll: async (secretKey, publicKeys) => {
    const privateKey = secretKeyOf('x25519', secretKey);
    return publicKeys.map((key) =>
      isSmallOrder(key)
        ? fail({ code: 'small-order-key' })
        : ok(new Uint8Array(diffieHellman({ privateKey, publicKey: publicKeyOf('x25519', key) }))),
    );
  },
};
