/**
 * Mask streams: ChaCha20 (RFC 8439) with key = seed and nonce 0 from block 0, one little-endian 32-bit
 * word a lane, one stream over the whole vector.
 */
import { chacha20 } from '@noble/ciphers/chacha.js';

/** Expands seeds into mask streams. All implementations give the same bytes. */
export interface Prg {
  /** Overwrites `output` with the bytes of the stream of `seed` (32 bytes) from 64-byte block `firstBlock` on. */
  expand(seed: Uint8Array, firstBlock: number, output: Uint8Array): void;
}

const BLOCK_BYTES = 64;
/** Bytes expanded at a time, so that no second vector is ever held. */
const PIECE_BYTES = 65_536;
const PIECE_WORDS = PIECE_BYTES / 4;
const NONCE = new Uint8Array(12);
const ZEROS = new Uint8Array(PIECE_BYTES);

/** The reference implementation, in every tab and in Node. `output` may be up to PIECE_BYTES long. */
export const noblePrg: Prg = {
  expand: (seed, firstBlock, output) => {
    if (output.length > PIECE_BYTES) throw new RangeError(`output: ${output.length} bytes`);
    chacha20(seed, NONCE, ZEROS.subarray(0, output.length), output, firstBlock);
  },
};

/** `add` for the lower roster index of a pair, `subtract` for the higher: their masks cancel in the sum. */
export type MaskSign = 'add' | 'subtract';

/** Adds or subtracts the mask stream of `seed` (32 bytes) to `words` (ring words, [vectorWords]) in place. */
export function applyMask(words: Uint32Array, seed: Uint8Array, sign: MaskSign, prg: Prg = noblePrg): void {
  const piece = new Uint32Array(Math.min(PIECE_WORDS, words.length));
  for (let start = 0; start < words.length; start += PIECE_WORDS) {
    const stream = piece.subarray(0, Math.min(PIECE_WORDS, words.length - start));
    prg.expand(seed, (start * 4) / BLOCK_BYTES, new Uint8Array(stream.buffer, 0, stream.length * 4));
    const lanes = words.subarray(start, start + stream.length);
    if (sign === 'add')
      for (let i = 0; i < lanes.length; i++) lanes[i] = (lanes[i] as number) + (stream[i] as number);
    else for (let i = 0; i < lanes.length; i++) lanes[i] = (lanes[i] as number) - (stream[i] as number);
  }
  piece.fill(0);
}
