import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addPacked, packLanes, packedBytes, unpackLanes } from './pack.ts';

const BITS = fc.integer({ min: 8, max: 32 });
const WORDS = fc.uint32Array({ maxLength: 120 });
const RUNS = { numRuns: 500, seed: 20 };

const reduced = (words: Uint32Array, bits: number) => words.map((word) => word % 2 ** bits);
const unpacked = (packed: Uint8Array, bits: number, lanes: number): Uint32Array => {
  const result = unpackLanes(packed, bits, lanes);
  if (!result.ok) throw new Error(result.fault.code);
  return result.value;
};

/** The definition, bit by bit. */
function packSlowly(words: Uint32Array, bits: number): Uint8Array {
  const packed = new Uint8Array(Math.ceil((words.length * bits) / 8));
  words.forEach((word, lane) => {
    for (let bit = 0; bit < bits; bit++) {
      const at = lane * bits + bit;
      packed[at >>> 3] = (packed[at >>> 3] as number) | (((word >>> bit) & 1) << (at & 7));
    }
  });
  return packed;
}

describe('packLanes', () => {
  it('packs three lanes of 20 bits as the definition has them', () => {
    expect([...packLanes(Uint32Array.of(0x12345, 0xabcde, 0xfffff), 20)]).toEqual([
      0x45, 0x23, 0xe1, 0xcd, 0xab, 0xff, 0xff, 0x0f,
    ]);
  });

  it('leaves 32-bit words as they lie in memory', () => {
    expect([...packLanes(Uint32Array.of(0x01020304, 0xfffefdfc), 32)]).toEqual([
      4, 3, 2, 1, 0xfc, 0xfd, 0xfe, 0xff,
    ]);
  });

  it('agrees with the definition for every width', () => {
    fc.assert(
      fc.property(WORDS, BITS, (words, bits) => {
        expect(packLanes(words, bits)).toEqual(packSlowly(words, bits));
      }),
      RUNS,
    );
  });

  it('overwrites the bytes it is given, wherever they lie in their buffer', () => {
    const buffer = new Uint8Array(12).fill(0xff);
    const packed = packLanes(Uint32Array.of(1, 2, 3), 20, buffer.subarray(3, 11));
    expect([...packed]).toEqual([1, 0, 0x20, 0, 0, 3, 0, 0]);
    expect([...buffer.subarray(0, 3), buffer[11]]).toEqual([255, 255, 255, 255]);
  });

  it.each([7, 33, 8.5])('rejects lanes of %d bits', (bits) => {
    expect(() => packLanes(new Uint32Array(1), bits)).toThrow(`bits: ${bits}`);
  });

  it('rejects an output of another length', () => {
    expect(() => packLanes(new Uint32Array(3), 20, new Uint8Array(7))).toThrow('output: 7 bytes');
  });
});

describe('unpackLanes', () => {
  it('gives back every vector modulo 2^bits, from any place in a buffer', () => {
    fc.assert(
      fc.property(WORDS, BITS, fc.nat(5), (words, bits, offset) => {
        const bytes = packedBytes(words.length, bits);
        const buffer = new Uint8Array(offset + bytes + 3).fill(0xff);
        const packed = packLanes(words, bits, buffer.subarray(offset, offset + bytes));
        expect(unpacked(packed, bits, words.length)).toEqual(reduced(words, bits));
      }),
      RUNS,
    );
  });

  it('rejects every length but the right one', () => {
    for (const length of [0, 7, 9])
      expect(unpackLanes(new Uint8Array(length), 20, 3)).toEqual({
        ok: false,
        fault: { code: 'packed-length' },
      });
  });

  it('rejects each padding bit that is not zero', () => {
    for (const bit of [4, 5, 6, 7]) {
      const packed = packLanes(Uint32Array.of(1, 2, 3), 20);
      packed[7] = (packed[7] as number) | (1 << bit);
      expect(unpackLanes(packed, 20, 3)).toEqual({ ok: false, fault: { code: 'packed-padding' } });
    }
  });
});

describe('addPacked', () => {
  /** Cuts `packed` at multiples of `lanesPerChunk` and adds the chunks from the last to the first. */
  const addInChunks = (sum: Uint32Array, packed: Uint8Array, bits: number, lanesPerChunk: number) => {
    for (
      let first = Math.floor(sum.length / lanesPerChunk) * lanesPerChunk;
      first >= 0;
      first -= lanesPerChunk
    ) {
      const from = (first / 8) * bits;
      const chunk = packed.subarray(from, from + (lanesPerChunk / 8) * bits);
      expect(addPacked(sum, chunk, bits, first)).toEqual({ ok: true, value: null });
    }
  };

  it('adds vectors chunk by chunk: their sum modulo 2^bits, in any order and cut at any multiple of 8', () => {
    const vectors = fc
      .nat(120)
      .chain((lanes) =>
        fc.array(fc.uint32Array({ minLength: lanes, maxLength: lanes }), { minLength: 1, maxLength: 4 }),
      );
    fc.assert(
      fc.property(vectors, BITS, fc.integer({ min: 1, max: 16 }), (parts, bits, cuts) => {
        const lanes = (parts[0] as Uint32Array).length;
        const [sum, expected] = [new Uint32Array(lanes), new Uint32Array(lanes)];
        for (const part of parts) {
          addInChunks(sum, packLanes(part, bits), bits, cuts * 8);
          part.forEach((word, i) => (expected[i] = (expected[i] as number) + word));
        }
        expect(reduced(sum, bits)).toEqual(reduced(expected, bits));
      }),
      RUNS,
    );
  });

  it('wraps modulo 2^32', () => {
    const sum = Uint32Array.of(0xffff_ffff, 0xffff_fffe);
    expect(addPacked(sum, packLanes(Uint32Array.of(2, 0xffff_ffff), 32), 32, 0).ok).toBe(true);
    expect([...sum]).toEqual([1, 0xffff_fffd]);
  });

  it.each([
    ['reaches beyond the sum', 16, 8, 9],
    ['ends between two cuts before the sum does', 5, 0, 24],
    ['has a byte too many', 8, 0, 24],
  ])('rejects a chunk that %s, and leaves the sum', (name, lanes, first, total) => {
    const packed = packLanes(new Uint32Array(lanes).fill(1), 20);
    const chunk = name.includes('too many') ? Uint8Array.of(...packed, 0) : packed;
    const sum = new Uint32Array(total).fill(7);
    expect(addPacked(sum, chunk, 20, first)).toEqual({ ok: false, fault: { code: 'packed-length' } });
    expect(sum.every((word) => word === 7)).toBe(true);
  });

  it('rejects padding that is not zero, and leaves the sum', () => {
    const packed = packLanes(Uint32Array.of(1, 2, 3), 20);
    packed[7] = 0x80;
    const sum = new Uint32Array(11).fill(7);
    expect(addPacked(sum, packed, 20, 8)).toEqual({ ok: false, fault: { code: 'packed-padding' } });
    expect(sum.every((word) => word === 7)).toBe(true);
  });

  it.each([4, -8, 32])('refuses to begin at lane %i of 24', (first) => {
    expect(() => addPacked(new Uint32Array(24), new Uint8Array(20), 20, first)).toThrow(
      `firstLane: ${first}`,
    );
  });
});
