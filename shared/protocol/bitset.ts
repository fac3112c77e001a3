/** Sets of roster indices on the wire: ⌈n/8⌉ bytes, index i in bit i mod 8 of byte ⌊i/8⌋, the rest zero. */
import { fail, ok, type Result } from '../base/result.ts';

/** `indices` in 0..size−1, in any order. */
export function bitsetOf(indices: Iterable<number>, size: number): Uint8Array<ArrayBuffer> {
  const bits = new Uint8Array(Math.ceil(size / 8));
  for (const index of indices) {
    if (!Number.isInteger(index) || index < 0 || index >= size) throw new RangeError(`indices: ${index}`);
    bits[index >> 3] = (bits[index >> 3] as number) | (1 << (index & 7));
  }
  return bits;
}

/** The indices of `bits`, ascending. Rejects another length, and bits that stand for nobody. */
export function indicesOf(bits: Uint8Array, size: number): Result<readonly number[], string> {
  if (bits.length !== Math.ceil(size / 8))
    return fail(`a set of ${bits.length} bytes for a roster of ${size}`);
  const indices: number[] = [];
  for (let index = 0; index < 8 * bits.length; index++) {
    if (((bits[index >> 3] as number) & (1 << (index & 7))) === 0) continue;
    if (index >= size) return fail(`a set with the index ${index} for a roster of ${size}`);
    indices.push(index);
  }
  return ok(indices);
}
