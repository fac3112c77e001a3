/** Mask streams by OpenSSL's ChaCha20, for participants in Node and for the coordinator's unmasking. */
import { createCipheriv } from 'node:crypto';
import { accumulateStream, type Prg } from '#shared/crypto/mask.ts';
import { wordsOfBytes } from '#shared/numeric/ring.ts';

/** Bytes expanded at a time: the fastest of 16 to 256 KiB. */
const PIECE_BYTES = 32_768;
const PIECE_WORDS = PIECE_BYTES / 4;
const ZEROS = new Uint8Array(PIECE_BYTES);
/** OpenSSL's IV: the block counter, little-endian in four bytes, and the nonce. */
const IV = new Uint8Array(16);

export const openSslPrg: Prg = {
  accumulate: (words, seed, sign) => {
    const cipher = createCipheriv('chacha20', seed, IV);
    for (let start = 0; start < words.length; start += PIECE_WORDS) {
      const lanes = words.subarray(start, start + PIECE_WORDS);
      const stream = cipher.update(ZEROS.subarray(0, lanes.byteLength));
      accumulateStream(lanes, wordsOfBytes(stream), sign);
      stream.fill(0);
    }
  },
};
