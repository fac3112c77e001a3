import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../base/bytes.ts';
import { seededRandom } from '../base/random.ts';
import { bytesOfWords } from '../numeric/ring.ts';
import { applyMasks, noblePrg, type Prg } from './mask.ts';
import { prgSuite } from './prg-suite.ts';

describe('noblePrg (ChaCha20)', () => {
  prgSuite(async () => noblePrg);

  it.each([1, 15, 16, 17, 16_383, 16_384, 16_385, 50_001])(
    'MASK-2: adds one stream over all of %i words, little-endian, as OpenSSL gives it',
    (length) => {
      const seed = seededRandom('mask')(32);
      const words = new Uint32Array(length);
      applyMasks(words, [{ seed, sign: 'add' }]);
      // OpenSSL's IV is the little-endian block counter and the nonce.
      const stream = createCipheriv('chacha20', seed, new Uint8Array(16)).update(new Uint8Array(length * 4));
      expect(bytesToHex(bytesOfWords(words))).toBe(bytesToHex(new Uint8Array(stream)));
    },
  );
});

describe('applyMasks', () => {
  it('takes any implementation of the port', () => {
    const ones: Prg = {
      accumulate: (words, masks) => void words.fill(masks[0]?.sign === 'add' ? 1 : 2),
    };
    const words = new Uint32Array(2);
    applyMasks(words, [{ seed: new Uint8Array(32), sign: 'subtract' }], ones);
    expect([...words]).toEqual([2, 2]);
  });
});
