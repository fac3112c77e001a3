import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsetOf, indicesOf } from './bitset.ts';

describe('sets of roster members', () => {
  it('SET-1: bit i of byte ⌊i/8⌋, least significant first', () => {
    expect(bitsetOf([0, 2, 9], 11)).toEqual(Uint8Array.of(0b101, 0b10));
    expect(bitsetOf([], 8)).toEqual(Uint8Array.of(0));
    expect(bitsetOf([7], 8)).toEqual(Uint8Array.of(0b1000_0000));
  });

  it('SET-1: come back as they were, ascending, whatever order they were named in', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }).chain((size) =>
          fc.record({
            size: fc.constant(size),
            members: fc.uniqueArray(fc.nat(size - 1), { maxLength: 64 }),
          }),
        ),
        ({ size, members }) => {
          const bits = bitsetOf(members, size);
          expect(bits).toHaveLength(Math.ceil(size / 8));
          expect(indicesOf(bits, size)).toEqual({ ok: true, value: members.toSorted((a, b) => a - b) });
        },
      ),
      { numRuns: 300, seed: 61 },
    );
  });

  it('SET-1: one set has one spelling: bytes of another length, and bits of nobody, are none', () => {
    expect(indicesOf(Uint8Array.of(1, 0), 8)).toEqual({
      ok: false,
      fault: 'a set of 2 bytes for a roster of 8',
    });
    expect(indicesOf(new Uint8Array(), 1)).toEqual({
      ok: false,
      fault: 'a set of 0 bytes for a roster of 1',
    });
    for (let bit = 3; bit < 8; bit++)
      expect(indicesOf(Uint8Array.of(1 << bit), 3)).toEqual({
        ok: false,
        fault: `a set with the index ${bit} for a roster of 3`,
      });
  });

  it('an index that is no member is the caller’s mistake', () => {
    for (const index of [-1, 3, 1.5, NaN]) expect(() => bitsetOf([index], 3)).toThrow(RangeError);
  });
});
