import { describe, expect, it } from 'vitest';
import { agreementSuite } from '#shared/crypto/agreement-suite.ts';
import { nobleAgreement } from '#shared/crypto/agreement.ts';
import { browserAgreement, webCryptoAgreement } from './web-crypto-agreement.ts';

describe('webCryptoAgreement (X25519)', () => {
  agreementSuite(async () => webCryptoAgreement(crypto.subtle));
});

describe('browserAgreement', () => {
  it('is WebCrypto where the browser has X25519: no secret goes through noble', async () => {
    expect(await browserAgreement(crypto.subtle)).not.toBe(nobleAgreement);
  });

  it('is noble on pages without WebCrypto and in browsers without X25519', async () => {
    expect(await browserAgreement(undefined)).toBe(nobleAgreement);
    const older: SubtleCrypto = Object.create(crypto.subtle, {
      importKey: { value: async () => Promise.reject(new DOMException('', 'NotSupportedError')) },
    });
    expect(await browserAgreement(older)).toBe(nobleAgreement);
  });
});
