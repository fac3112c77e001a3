import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hexToBytes, utf8ToBytes } from '../base/bytes.ts';
import { seededRandom } from '../base/random.ts';
import { deriveKey } from './derive.ts';
import { SEAL_BYTES, seal, unseal } from './seal.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const refused = { ok: false, fault: 'not-authentic' };
const NONCE = new Uint8Array(12);

async function webCryptoSeal(
  key: Uint8Array,
  plaintext: Uint8Array,
  context: Uint8Array,
): Promise<Uint8Array> {
  const aes = await crypto.subtle.importKey('raw', new Uint8Array(key), 'AES-GCM', false, ['encrypt']);
  const terms = { name: 'AES-GCM', iv: NONCE, additionalData: new Uint8Array(context) };
  return new Uint8Array(await crypto.subtle.encrypt(terms, aes, new Uint8Array(plaintext)));
}

describe('sealed shares', () => {
  it('SHARE-1: are AES-256-GCM: test case 14 of its submission to NIST (key and nonce zero)', () => {
    expect(seal(new Uint8Array(32), new Uint8Array(16), new Uint8Array())).toEqual(
      new Uint8Array(hexToBytes('cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919')),
    );
  });

  it('SHARE-1: are the bytes that WebCrypto’s AES-GCM gives', async () => {
    await fc.assert(
      fc.asyncProperty(
        bytes(32),
        bytes(64),
        fc.uint8Array({ maxLength: 120 }),
        async (key, text, context) => {
          expect(seal(key, text, context)).toEqual(await webCryptoSeal(key, text, context));
        },
      ),
      { numRuns: 100, seed: 51 },
    );
  });

  it('SHARE-1: are sealed with a key that WebCrypto’s HKDF derives alike', async () => {
    const random = seededRandom('hkdf');
    for (const [domain, pair] of [
      ['seal', [3, 4]],
      ['mask', [0, 999]],
      ['self', [7, 7]],
    ] as const) {
      const [secret, sid, root] = [random(32), random(32), random(32)];
      const info = new Uint8Array([
        ...utf8ToBytes(domain),
        ...root,
        ...pair.flatMap((number) => [0, 0, number >> 8, number & 255]),
      ]);
      const material = await crypto.subtle.importKey('raw', new Uint8Array(secret), 'HKDF', false, [
        'deriveBits',
      ]);
      const terms = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(sid), info };
      const expected = new Uint8Array(await crypto.subtle.deriveBits(terms, material, 256));
      expect(deriveKey(secret, { domain, sid, root, pair })).toEqual(expected);
    }
  });

  it('SHARE-1: open with their key and context, and with no bit of either or of themselves changed', () => {
    fc.assert(
      fc.property(
        bytes(32),
        bytes(64),
        fc.uint8Array({ minLength: 1, maxLength: 120 }),
        fc.nat(),
        (key, text, context, at) => {
          const sealed = seal(key, text, context);
          expect(sealed).toHaveLength(64 + SEAL_BYTES);
          expect(unseal(key, sealed, context)).toEqual({ ok: true, value: text });
          const changed = (given: Uint8Array) =>
            given.map((byte, i) => (i === at % given.length ? byte ^ (1 << (at % 8)) : byte));
          expect(unseal(changed(key), sealed, context)).toEqual(refused);
          expect(unseal(key, changed(sealed), context)).toEqual(refused);
          expect(unseal(key, sealed, changed(context))).toEqual(refused);
        },
      ),
      { numRuns: 200, seed: 52 },
    );
  });

  it('SHARE-1: that are cut short, or shorter than a tag, do not open and do not throw', () => {
    const [key, context] = [new Uint8Array(32), Uint8Array.of(1)];
    const sealed = seal(key, new Uint8Array(64), context);
    for (let length = 0; length < sealed.length; length++)
      expect(unseal(key, sealed.subarray(0, length), context)).toEqual(refused);
  });
});
