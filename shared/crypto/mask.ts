/**
 * Mask streams: ChaCha20 (RFC 8439) with key = seed and nonce 0 from block 0, one little-endian 32-bit
 * word a lane, one stream over the whole vector. Lanes of W ≤ 32 bits keep their words whole until they are
 * packed: 2^W divides 2^32, so sums modulo 2^32 are right modulo 2^W as well.
 */
import { chacha20 } from '@noble/ciphers/chacha.js';

/** `add` for the lower roster index of a pair, `subtract` for the higher: their masks cancel in the sum. */
export type MaskSign = 'add' | 'subtract';

/** A stream, by its seed (32 bytes), and whether it is added or subtracted. */
export interface Mask {
  readonly seed: Uint8Array;
  readonly sign: MaskSign;
}

/** Expands seeds into mask streams. All implementations leave the same words. */
export interface Prg {
  /**
   * Adds the streams of `masks` to `words` modulo 2^32 in place, or subtracts them. All of them go over one piece of the
   * words before the next, so that a long vector comes from memory once, and not once a stream.
   */
  accumulate(words: Uint32Array, masks: readonly Mask[]): void;
}

/** Puts the streams of `masks` on `words` (ring words, [vectorWords]) in place. */
export function applyMasks(words: Uint32Array, masks: readonly Mask[], prg: Prg = noblePrg): void {
  for (const { seed } of masks) if (seed.length !== 32) throw new RangeError(`seed: ${seed.length} bytes`);
  prg.accumulate(words, masks);
}

const BLOCK_BYTES = 64;
/** Bytes expanded at a time, so that no second vector is ever held. */
const PIECE_BYTES = 65_536;
const PIECE_WORDS = PIECE_BYTES / 4;
const NONCE = new Uint8Array(12);
const ZEROS = new Uint8Array(PIECE_BYTES);

/** The reference implementation, in every tab and in Node. */
export const noblePrg: Prg = {
  accumulate: (words, masks) => {
    const piece = new Uint32Array(Math.min(PIECE_WORDS, words.length));
    for (let start = 0; start < words.length; start += PIECE_WORDS) {
      const lanes = words.subarray(start, start + PIECE_WORDS);
      const stream = piece.subarray(0, lanes.length);
      const bytes = new Uint8Array(stream.buffer, 0, stream.byteLength);
      for (const { seed, sign } of masks) {
        chacha20(seed, NONCE, ZEROS.subarray(0, bytes.length), bytes, (start * 4) / BLOCK_BYTES);
        accumulateStream(lanes, stream, sign);
      }
    }
    piece.fill(0);
  },
};

/** words ± stream modulo 2^32, in place; equal lengths. */
function accumulateStream(words: Uint32Array, stream: Uint32Array, sign: MaskSign): void {
  // Words as signed numbers: V8 computes with unsigned ones above 2^31 as with fractions, which is slower.
  const sums = new Int32Array(words.buffer, words.byteOffset, words.length);
  const terms = new Int32Array(stream.buffer, stream.byteOffset, stream.length);
  if (sign === 'add')
    for (let i = 0; i < sums.length; i++) sums[i] = ((sums[i] as number) + (terms[i] as number)) | 0;
  else for (let i = 0; i < sums.length; i++) sums[i] = ((sums[i] as number) - (terms[i] as number)) | 0;
}
