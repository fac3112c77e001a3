import { chacha20 } from '@noble/ciphers/chacha.js';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, utf8ToBytes } from '../base/bytes.ts';
import { seededRandom } from '../base/random.ts';
import { rotate, rotationBlocks, unrotate } from './rotate.ts';

const sid = seededRandom('sid')(32);

/** Random lanes in −1..1, [length]. */
function lanes(length: number, label = 'lanes'): Float32Array<ArrayBuffer> {
  const words = new Int32Array(seededRandom(label)(4 * length).buffer);
  return Float32Array.from(words, (word) => word / 2 ** 31);
}

const norm = (vector: Float32Array): number => Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));

/** Hadamard's matrix by its definition, (−1)^popcount(i & j), after the signs of the stream. */
function rotatedByDefinition(vector: Float32Array, blocks: readonly number[]): number[] {
  const key = sha256(concatBytes(utf8ToBytes('rotation'), sid));
  const stream = chacha20(key, new Uint8Array(12), new Uint8Array(Math.ceil(vector.length / 8)));
  const signed = Array.from(vector, (x, i) => (((stream[i >> 3] as number) >> (i & 7)) & 1 ? -x : x));
  const parity = (bits: number): number => bits.toString(2).replaceAll('0', '').length & 1;
  let start = 0;
  return blocks.flatMap((block) => {
    const part = signed.slice(start, start + block);
    start += block;
    return part.map(
      (_, i) => part.reduce((sum, x, j) => sum + (parity(i & j) ? -x : x), 0) / Math.sqrt(block),
    );
  });
}

describe('the rotation', () => {
  it('is the signs of ChaCha20(SHA-256("rotation" ‖ sid)), then Hadamard’s matrix, block by block', () => {
    for (const blocks of [[1], [2], [4, 1], [8], [64, 32, 2], [256, 16]]) {
      const vector = lanes(blocks.reduce((sum, block) => sum + block, 0));
      const expected = rotatedByDefinition(vector, blocks);
      rotate(vector, blocks, sid);
      vector.forEach((x, i) => expect(x).toBeCloseTo(expected[i] as number, 6));
    }
  });

  it('is undone by its inverse and keeps the norm', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40_000 }), fc.string(), (parameters, label) => {
        const blocks = rotationBlocks(parameters);
        const vector = lanes(
          blocks.reduce((sum, block) => sum + block, 0),
          label,
        );
        const before = vector.slice();
        rotate(vector, blocks, sid);
        expect(norm(vector) / norm(before)).toBeCloseTo(1, 5);
        unrotate(vector, blocks, sid);
        const distance = Math.max(0, ...vector.map((x, i) => Math.abs(x - (before[i] as number))));
        expect(distance).toBeLessThan(1e-5);
      }),
      { seed: 3, numRuns: 20 },
    );
  });

  it('works across stretches as in one: 262,144 lanes there and back', () => {
    const vector = lanes(262_144);
    const before = vector.slice();
    rotate(vector, [262_144], sid);
    // Lane 0 is the mean of all signed lanes: the signs are those of a second rotation of ones.
    const ones = new Float32Array(262_144).fill(1);
    rotate(ones, [262_144], sid);
    const inner = (a: Float32Array, b: Float32Array): number =>
      a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
    expect(inner(vector, ones)).toBeCloseTo(
      before.reduce((sum, x) => sum + x, 0),
      2,
    );
    unrotate(vector, [262_144], sid);
    let worst = 0;
    for (let i = 0; i < vector.length; i++)
      worst = Math.max(worst, Math.abs((vector[i] as number) - (before[i] as number)));
    expect(worst).toBeLessThan(1e-5);
  });

  it('spreads one large lane evenly, with other signs for another sid', () => {
    const spread = (by: Uint8Array): Float32Array => {
      const vector = new Float32Array(1_024);
      vector.set([32], 17);
      vector.set([3], 900);
      rotate(vector, [1_024], by);
      return vector;
    };
    const vector = spread(sid);
    expect(Math.max(...vector)).toBeLessThan(1.2);
    expect(Math.min(...vector.map(Math.abs))).toBeGreaterThan(0.8);
    const others = Array.from({ length: 8 }, (_, i) => spread(Uint8Array.of(i)).join());
    expect(new Set(others).size).toBeGreaterThan(1);
  });

  it('pads less than a sixteenth, in falling powers of two', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 24 }), (parameters) => {
        const blocks = rotationBlocks(parameters);
        const length = blocks.reduce((sum, block) => sum + block, 0);
        expect(length).toBeGreaterThanOrEqual(parameters);
        expect(length - parameters).toBeLessThanOrEqual(parameters / 16);
        blocks.forEach((block, i) => {
          expect(Number.isInteger(Math.log2(block))).toBe(true);
          expect(block).toBeLessThanOrEqual(blocks[i - 1] ?? Infinity);
        });
      }),
      { seed: 4 },
    );
    expect(rotationBlocks(199_210)).toEqual([131_072, 65_536, 4_096]);
  });

  it('rejects a vector that is not as long as its blocks', () => {
    expect(() => rotate(new Float32Array(5), [4], sid)).toThrow('vector: 5 lanes, not 4');
    expect(() => unrotate(new Float32Array(3), [4], sid)).toThrow('vector: 3 lanes, not 4');
  });
});
