import { createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import { x25519 } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import { seededRandom, systemRandom } from '../base/random.ts';
import { agree, generateKeyPair } from './agreement.ts';
import { isSmallOrder } from './small-order.ts';

const ALICE = '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a';
const BOB = '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb';

const P = 2n ** 255n - 19n;
const encodeU = (u: bigint) => hexToBytes(u.toString(16).padStart(64, '0')).reverse();
/** The orders 1, 2, 4 and 8 of the curve and its twist, and their non-canonical encodings (cr.yp.to/ecdh). */
const SMALL_ORDER: readonly bigint[] = [
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  P - 1n,
  P,
  P + 1n,
];

describe('agree (X25519)', () => {
  it('MASK-1: agrees with RFC 7748, section 6.1', () => {
    const alice = generateKeyPair(() => hexToBytes(ALICE));
    const bob = generateKeyPair(() => hexToBytes(BOB));
    expect(bytesToHex(alice.publicKey)).toBe(
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    );
    expect(bytesToHex(bob.publicKey)).toBe(
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    );
    const secret = {
      ok: true,
      value: hexToBytes('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'),
    };
    expect(agree(alice.secretKey, bob.publicKey)).toEqual(secret);
    expect(agree(bob.secretKey, alice.publicKey)).toEqual(secret);
  });

  it.each([
    [
      'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
      'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    ],
    [
      '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
      'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
      '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
    ],
  ])('agrees with RFC 7748, section 5.2 (%s)', (scalar, u, product) => {
    expect(agree(hexToBytes(scalar), hexToBytes(u))).toEqual({ ok: true, value: hexToBytes(product) });
  });

  it('agrees with OpenSSL for fresh keys', () => {
    const [ours, theirs] = [generateKeyPair(systemRandom), generateKeyPair(systemRandom)];
    const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), theirs.secretKey]);
    const spki = Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), ours.publicKey]);
    const secret = diffieHellman({
      privateKey: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }),
      publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }),
    });
    expect(agree(ours.secretKey, theirs.publicKey)).toEqual({ ok: true, value: new Uint8Array(secret) });
  });

  it.each(SMALL_ORDER)('MASK-1: rejects the key %s of small order, with and without its top bit', (u) => {
    const key = encodeU(u);
    const topBit = Uint8Array.from(key, (byte, index) => (index === 31 ? byte | 0x80 : byte));
    const { secretKey } = generateKeyPair(seededRandom('small order'));
    for (const encoding of [key, topBit]) {
      expect(agree(secretKey, encoding)).toEqual({ ok: false, fault: { code: 'small-order-key' } });
      // The library would refuse to give the zero secret, so the list holds no key that is sound.
      expect(() => x25519.getSharedSecret(secretKey, encoding)).toThrow();
    }
  });

  it('takes ordinary keys, also such as begin or end like one of small order', () => {
    const { publicKey } = generateKeyPair(seededRandom('ordinary'));
    expect(isSmallOrder(publicKey)).toBe(false);
    for (const u of [2n, 9n, P - 2n]) expect(isSmallOrder(encodeU(u))).toBe(false);
  });
});
