import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import { seededRandom } from '../base/random.ts';
import { bytesOfWords, wordsOfBytes } from '../numeric/ring.ts';
import { applyMask, noblePrg, type Prg } from './mask.ts';

/** The stream by OpenSSL: a 16-byte IV is the little-endian block counter and the nonce. */
function openSslStream(seed: Uint8Array, length: number): Uint8Array {
  const cipher = createCipheriv('chacha20', seed, new Uint8Array(16));
  return new Uint8Array(cipher.update(new Uint8Array(length)));
}

describe('noblePrg (ChaCha20)', () => {
  // RFC 8439, appendix A.1, the vectors with nonce 0.
  it.each([
    [
      '0000000000000000000000000000000000000000000000000000000000000000',
      0,
      '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586',
    ],
    [
      '0000000000000000000000000000000000000000000000000000000000000000',
      1,
      '9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f',
    ],
    [
      '0000000000000000000000000000000000000000000000000000000000000001',
      1,
      '3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0',
    ],
    [
      '00ff000000000000000000000000000000000000000000000000000000000000',
      2,
      '72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096',
    ],
  ])('MASK-2: agrees with RFC 8439, appendix A.1 (key %s, block %i)', (key, block, stream) => {
    const output = new Uint8Array(64);
    noblePrg.expand(hexToBytes(key), block, output);
    expect(bytesToHex(output)).toBe(stream);
  });

  it('refuses more than a piece at once', () => {
    expect(() => noblePrg.expand(new Uint8Array(32), 0, new Uint8Array(65_537))).toThrow('output: 65537');
  });
});

describe('applyMask', () => {
  const seed = seededRandom('mask')(32);

  it.each([1, 15, 16, 17, 16_383, 16_384, 16_385, 50_001])(
    'MASK-2: adds one stream over all of %i words, little-endian, as OpenSSL gives it',
    (length) => {
      const words = new Uint32Array(length);
      applyMask(words, seed, 'add');
      expect(bytesToHex(bytesOfWords(words))).toBe(bytesToHex(openSslStream(seed, length * 4)));
    },
  );

  it('MASK-3: adding and subtracting one stream cancels modulo 2^32, whatever the words', () => {
    fc.assert(
      fc.property(
        fc.uint32Array({ maxLength: 200 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (plain, key) => {
          const [added, subtracted] = [plain.slice(), new Uint32Array(plain.length)];
          applyMask(added, key, 'add');
          applyMask(subtracted, key, 'subtract');
          expect(added.map((word, index) => word + (subtracted[index] as number))).toEqual(plain);
        },
      ),
      { numRuns: 300, seed: 32 },
    );
  });

  it('takes any implementation of the port, and works on a view within a buffer alone', () => {
    const ones: Prg = { expand: (_, __, output) => void output.fill(1) };
    const buffer = new Uint32Array(4);
    applyMask(buffer.subarray(1, 3), seed, 'add', ones);
    expect([...buffer]).toEqual([0, 0x01010101, 0x01010101, 0]);
    applyMask(buffer.subarray(1, 3), seed, 'subtract', ones);
    expect([...wordsOfBytes(bytesOfWords(buffer))]).toEqual([0, 0, 0, 0]);
  });
});
