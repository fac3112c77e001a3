import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesToHex, hexToBytes, utf8ToBytes } from '../base/bytes.ts';
import { seededRandom } from '../base/random.ts';
import {
  isSoundKey,
  isWellFormed,
  nobleSigner,
  signedMessage,
  verify,
  verifyBytes,
  type SignatureDomain,
} from './identity.ts';
import { RFC_SIGNATURES, signatureSuite, SPECCHECK, torsionPoints } from './signature-suite.ts';

const DOMAINS: readonly SignatureDomain[] = [
  'hello',
  'offer',
  'roster',
  'u2',
  'u3',
  'outcome',
  'advertise',
  'link',
  'confirm',
  'invite',
  'identity',
];

describe('verifyBytes (noble, strict)', () => {
  signatureSuite(async () => verifyBytes);

  it.each(SPECCHECK)('the bytes of edge case $what are the published ones', (vector) => {
    const [signature, message, publicKey] = [vector.signature, vector.message, vector.publicKey].map(
      hexToBytes,
    );
    expect(
      ed25519.verify(signature as Uint8Array, message as Uint8Array, publicKey as Uint8Array, {
        zip215: true,
      }),
    ).toBe(vector.lenient);
  });
});

describe('isWellFormed, in front of another library (Node’s WebCrypto, which is OpenSSL’s)', () => {
  signatureSuite(async () => async (signature, message, publicKey) => {
    if (!isWellFormed(signature, publicKey)) return false;
    const key = await crypto.subtle.importKey('raw', Uint8Array.from(publicKey), 'Ed25519', false, [
      'verify',
    ]);
    return crypto.subtle.verify('Ed25519', key, Uint8Array.from(signature), Uint8Array.from(message));
  });
});

describe('isWellFormed', () => {
  const { publicKey } = nobleSigner(seededRandom('well-formed')(32));
  const [one] = RFC_SIGNATURES.map(({ signature }) => hexToBytes(signature));
  const signature = one as Uint8Array;

  it('leaves the equation to the library, and none of what libraries see differently', () => {
    expect(isWellFormed(signature, publicKey)).toBe(true);
    expect(isWellFormed(signature.subarray(0, 63), publicKey)).toBe(false);
    expect(isWellFormed(Uint8Array.of(...signature, 0), publicKey)).toBe(false);
    expect(isWellFormed(signature, publicKey.subarray(0, 31))).toBe(false);
    expect(isWellFormed(Uint8Array.of(1, ...new Uint8Array(31), ...signature.subarray(32)), publicKey)).toBe(
      false,
    );
  });
});

describe('isSoundKey', () => {
  it('holds for public keys, and for none plus a small-order point', () => {
    const { publicKey } = nobleSigner(seededRandom('key')(32));
    const held = torsionPoints().map((point) =>
      isSoundKey(ed25519.Point.fromBytes(publicKey, false).add(point).toBytes()),
    );
    expect(held).toEqual([true, false, false, false, false, false, false, false]);
  });

  it('rejects the eight points of small order', () => {
    expect(new Set(torsionPoints().map((point) => point.toHex())).size).toBe(8);
    expect(torsionPoints().filter((point) => isSoundKey(point.toBytes()))).toEqual([]);
  });

  it('rejects every encoding of a coordinate at or over p, and x = 0 with a sign', () => {
    const p = ed25519.Point.Fp.ORDER;
    for (let y = p; y < 2n ** 255n; y++)
      for (const sign of [0n, 2n ** 255n]) {
        const encoded = hexToBytes((y + sign).toString(16).padStart(64, '0')).reverse();
        expect(isSoundKey(encoded), bytesToHex(encoded)).toBe(false);
      }
    expect(isSoundKey(hexToBytes(`01${'00'.repeat(30)}80`))).toBe(false);
  });
});

describe('signers and domains', () => {
  it.each(RFC_SIGNATURES)('SIGN-1: the public key is that of RFC 8032, $what', ({ secretKey, publicKey }) => {
    expect(bytesToHex(nobleSigner(hexToBytes(secretKey)).publicKey)).toBe(publicKey);
  });

  it('signs utf8(domain) ‖ 0 ‖ body', async () => {
    expect(signedMessage('u2', Uint8Array.of(7, 0))).toEqual(Uint8Array.of(0x75, 0x32, 0, 7, 0));
    const signer = nobleSigner(seededRandom('signer')(32));
    const signature = await signer.sign('roster', Uint8Array.of(9));
    expect(verifyBytes(signature, Uint8Array.of(...utf8ToBytes('roster'), 0, 9), signer.publicKey)).toBe(
      true,
    );
  });

  it('SIGN-3: a signature holds for its domain, body and key alone', async () => {
    const [signer, other] = [nobleSigner(seededRandom('a')(32)), nobleSigner(seededRandom('b')(32))];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...DOMAINS),
        fc.constantFrom(...DOMAINS),
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ maxLength: 40 }),
        async (domain, domainToo, body, bodyToo) => {
          const signature = await signer.sign(domain, body);
          const { publicKey } = signer;
          const same = bytesToHex(body) === bytesToHex(bodyToo);
          expect(verify({ domain, body, signature, publicKey })).toBe(true);
          expect(verify({ domain: domainToo, body, signature, publicKey })).toBe(domain === domainToo);
          expect(verify({ domain, body: bodyToo, signature, publicKey })).toBe(same);
          expect(verify({ domain, body, signature, publicKey: other.publicKey })).toBe(false);
        },
      ),
      { numRuns: 40, seed: 8032 },
    );
  });

  it('keeps its own copy of the secret key, and refuses one of another length', async () => {
    const secretKey = seededRandom('copy')(32);
    const signer = nobleSigner(secretKey);
    const before = await signer.sign('hello', Uint8Array.of(1));
    secretKey.fill(0);
    expect(await signer.sign('hello', Uint8Array.of(1))).toEqual(before);
    expect(() => nobleSigner(new Uint8Array(31))).toThrow('secretKey: 31 bytes');
  });
});
