/** What every implementation of `Prg` must do; each runs it where it runs itself. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import { seededRandom } from '../base/random.ts';
import { bytesOfWords } from '../numeric/ring.ts';
import { applyMasks, noblePrg, type MaskSign, type Prg } from './mask.ts';

/** RFC 8439, appendix A.1: the vectors with nonce 0 (key, first block, stream from there on). */
const RFC_STREAMS: readonly (readonly [key: string, block: number, stream: string])[] = [
  [
    '0000000000000000000000000000000000000000000000000000000000000000',
    0,
    '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee65869f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f',
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
];

/** About blocks (16 words), groups of four, and pieces (16,384 words): below, at and above each edge. */
const LENGTHS = [0, 1, 15, 16, 17, 63, 64, 65, 1_000, 16_383, 16_384, 16_385, 50_001, 131_072];

const masked = (plain: Uint32Array, seed: Uint8Array, sign: MaskSign, prg: Prg): Uint32Array => {
  const words = plain.slice();
  applyMasks(words, [{ seed, sign }], prg);
  return words;
};

/** Declares the tests; `start` gives the implementation. */
export function prgSuite(start: () => Promise<Prg>): void {
  it.each(RFC_STREAMS)(
    'MASK-2: agrees with RFC 8439, appendix A.1 (key %s, block %i)',
    async (key, block, stream) => {
      const words = new Uint32Array(block * 16 + stream.length / 8);
      applyMasks(words, [{ seed: hexToBytes(key), sign: 'add' }], await start());
      expect(bytesToHex(bytesOfWords(words.subarray(block * 16)))).toBe(stream);
    },
  );

  it.each(LENGTHS)('MASK-2: masks %i words as the reference does, with either sign', async (length) => {
    const random = seededRandom(`prg ${length}`);
    const prg = await start();
    const seed = random(32);
    const plain = new Uint32Array(random(length * 4).buffer);
    for (const sign of ['add', 'subtract'] as const)
      // Compared as bytes: an equality of long arrays is slow to say.
      expect(bytesToHex(bytesOfWords(masked(plain, seed, sign, prg)))).toBe(
        bytesToHex(bytesOfWords(masked(plain, seed, sign, noblePrg))),
      );
  });

  it('MASK-2: masks as the reference does, whatever the words and the seed', async () => {
    const prg = await start();
    fc.assert(
      fc.property(
        fc.uint32Array({ maxLength: 300 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.constantFrom<MaskSign>('add', 'subtract'),
        (plain, seed, sign) => {
          expect(masked(plain, seed, sign, prg)).toEqual(masked(plain, seed, sign, noblePrg));
        },
      ),
      { numRuns: 300, seed: 32 },
    );
  });

  it('MASK-3: adding and subtracting one stream cancels modulo 2^32', async () => {
    const prg = await start();
    const seed = seededRandom('cancel')(32);
    const plain = new Uint32Array(seededRandom('words')(4 * 20_001).buffer);
    const words = masked(plain, seed, 'add', prg);
    expect(words).not.toEqual(plain);
    expect(masked(words, seed, 'subtract', prg)).toEqual(plain);
  });

  it.each([1, 16_385, 70_000])(
    'MASK-3: puts many streams on %i words at once as one after another',
    async (length) => {
      const random = seededRandom(`many ${length}`);
      const prg = await start();
      const masks = Array.from({ length: 9 }, (_, i) => ({
        seed: random(32),
        sign: i % 3 === 0 ? ('subtract' as const) : ('add' as const),
      }));
      const plain = new Uint32Array(random(length * 4).buffer);
      const [together, after] = [plain.slice(), plain.slice()];
      applyMasks(together, masks, prg);
      for (const { seed, sign } of masks) applyMasks(after, [{ seed, sign }], noblePrg);
      expect(bytesToHex(bytesOfWords(together))).toBe(bytesToHex(bytesOfWords(after)));
      applyMasks(together, [], prg);
      expect(together).toEqual(after);
    },
  );

  it('touches the words of a view alone', async () => {
    const buffer = new Uint32Array(9).fill(7);
    applyMasks(buffer.subarray(3, 6), [{ seed: seededRandom('view')(32), sign: 'add' }], await start());
    const kept = [0, 1, 2, 6, 7, 8].map((index) => buffer[index]);
    expect(kept).toEqual([7, 7, 7, 7, 7, 7]);
    expect([...buffer.subarray(3, 6)]).not.toContain(7);
  });

  it('leaves the seed as it was and refuses one of another length', async () => {
    const prg = await start();
    const seed = seededRandom('seed')(32);
    const before = seed.slice();
    applyMasks(new Uint32Array(100), [{ seed, sign: 'add' }], prg);
    expect(seed).toEqual(before);
    const short = { seed: seed.subarray(1), sign: 'add' } as const;
    expect(() => applyMasks(new Uint32Array(1), [short], prg)).toThrow('seed: 31 bytes');
  });
}
