import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeInputs, encodePresence, fitsEncoding, inputsPerExample } from './encoding.ts';

/** Decoded into a target that already holds numbers, as one that is used again does. */
function decoded(encoding: Parameters<typeof decodeInputs>[0], bytes: Uint8Array, inputBytes: number) {
  const target = new Float32Array((bytes.length / inputBytes) * inputsPerExample(encoding, inputBytes)).fill(
    7,
  );
  decodeInputs(encoding, bytes, inputBytes, target);
  return target;
}

describe('encodings of inputs', () => {
  it('pixels are scaled to 0..1', () => {
    expect(decoded('pixels', Uint8Array.of(0, 51, 255), 3)).toEqual(Float32Array.of(0, 0.2, 1));
  });

  it('indices are what they are', () => {
    expect(decoded('indices', Uint8Array.of(0, 49, 255), 3)).toEqual(Float32Array.of(0, 49, 255));
  });

  it('float32 is little-endian, from any place of a buffer', () => {
    // 1.5 is 0x3fc00000, -2 is 0xc0000000.
    const file = Uint8Array.of(9, 0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0);
    expect(decoded('float32', file.subarray(1), 8)).toEqual(Float32Array.of(1.5, -2));
  });

  it('presence reads bit 0 first, in rows of norm 1, each by its own number of bits', () => {
    const rows = Uint8Array.of(0b0000_0001, 0b1000_0000, 0, 0, 0b1111, 0);
    const inputs = decoded('presence', rows, 2);
    const expected = new Float32Array(48);
    expected[0] = expected[15] = Math.SQRT1_2;
    expected.fill(0.5, 32, 36);
    expect(inputs).toEqual(expected);
  });

  it('presence gives back the inputs that were set', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(511), { minLength: 1 }), (present) => {
        const inputs = decoded('presence', encodePresence(present, 64), 64);
        const found = [...inputs.keys()].filter((i) => inputs[i] !== 0);
        expect(found).toEqual(present.toSorted((a, b) => a - b));
        expect(Math.hypot(...inputs)).toBeCloseTo(1, 5);
      }),
    );
  });

  it('only float32 asks for whole fours of bytes', () => {
    expect([fitsEncoding('float32', 24), fitsEncoding('float32', 22), fitsEncoding('indices', 22)]).toEqual([
      true,
      false,
      true,
    ]);
  });
});
