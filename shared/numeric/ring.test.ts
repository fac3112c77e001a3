import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addVector, bytesOfWords, wordsOfBytes } from './ring.ts';

describe('addVector', () => {
  it('adds modulo 2^32 in place', () => {
    const sum = Uint32Array.of(0xffffffff, 1, 0x80000000);
    addVector(sum, Uint32Array.of(2, 2, 0x80000000));
    expect([...sum]).toEqual([1, 3, 0]);
  });

  it('gives the same sum in every order', () => {
    const vectors = fc.array(fc.uint32Array({ minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(vectors, (list) => {
        const [forth, back] = [new Uint32Array(4), new Uint32Array(4)];
        for (const vector of list) addVector(forth, vector);
        for (const vector of list.toReversed()) addVector(back, vector);
        expect(back).toEqual(forth);
        const exact = list.reduce((total, vector) => total + BigInt(vector[0] as number), 0n);
        expect(BigInt(forth[0] as number)).toBe(exact % 2n ** 32n);
      }),
      { numRuns: 300, seed: 37 },
    );
  });

  it('rejects vectors of another length', () => {
    expect(() => addVector(new Uint32Array(3), new Uint32Array(2))).toThrow('vector: 2 words, not 3');
  });
});

describe('words and bytes', () => {
  it('UPLOAD-1: words are little-endian on the wire, a view of the same memory', () => {
    const words = Uint32Array.of(0x01020304, 0xff);
    expect([...bytesOfWords(words)]).toEqual([4, 3, 2, 1, 255, 0, 0, 0]);
    bytesOfWords(words).fill(0);
    expect([...words]).toEqual([0, 0]);
  });

  it('gives back the words of bytes at any offset of a buffer', () => {
    fc.assert(
      fc.property(fc.uint32Array({ maxLength: 20 }), fc.nat(7), (words, offset) => {
        const buffer = new Uint8Array(offset + words.byteLength);
        buffer.set(bytesOfWords(words), offset);
        expect(wordsOfBytes(buffer.subarray(offset))).toEqual(words);
      }),
      { numRuns: 300, seed: 38 },
    );
  });

  it.each([1, 2, 3, 5])('rejects %i bytes, which are no words', (length) => {
    expect(() => wordsOfBytes(new Uint8Array(length))).toThrow(RangeError);
  });
});
