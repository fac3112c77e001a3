import { x25519 } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';
import { hexToBytes } from '../base/bytes.ts';
import { seededRandom } from '../base/random.ts';
import { agreementSuite, encodeU, SMALL_ORDER_KEYS } from './agreement-suite.ts';
import { generateKeyPair, nobleAgreement, publicKeyOf } from './agreement.ts';
import { isSmallOrder } from './small-order.ts';

describe('nobleAgreement (X25519)', () => {
  agreementSuite(async () => nobleAgreement);

  // RFC 7748, section 6.1.
  it.each([
    [
      '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    ],
    [
      '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    ],
  ])('MASK-1: makes the public keys of RFC 7748 (%s)', (secretKey, publicKey) => {
    const pair = { secretKey: hexToBytes(secretKey), publicKey: hexToBytes(publicKey) };
    expect(generateKeyPair(() => hexToBytes(secretKey))).toEqual(pair);
    expect(publicKeyOf(pair.secretKey)).toEqual(pair.publicKey);
  });

  it('rejects as small order what the library finds to give the zero secret, and no more', () => {
    const { secretKey, publicKey } = generateKeyPair(seededRandom('ordinary'));
    for (const key of SMALL_ORDER_KEYS) {
      expect(isSmallOrder(key)).toBe(true);
      expect(() => x25519.getSharedSecret(secretKey, key)).toThrow();
    }
    // Also such as begin or end like one of small order.
    const sound = [2n, 9n, 2n ** 255n - 21n].map(encodeU);
    for (const key of [publicKey, ...sound]) {
      expect(isSmallOrder(key)).toBe(false);
      expect(() => x25519.getSharedSecret(secretKey, key)).not.toThrow();
    }
  });
});
