/**
 * Vectors modulo 2^32 in 32-bit words.
 *
 * Bytes on the wire and in hashes are little-endian, as is every platform this runs on, so that words and
 * bytes are two views of one buffer.
 */
import { invariant } from '../base/invariant.ts';

invariant(new Uint8Array(Uint32Array.of(1).buffer)[0] === 1, 'the platform is little-endian');

/** sum ← sum + vector mod 2^32, in place; equal lengths. */
export function addVector(sum: Uint32Array, vector: Uint32Array): void {
  if (sum.length !== vector.length) throw new RangeError(`vector: ${vector.length} words, not ${sum.length}`);
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (vector[i] as number);
}

/** The little-endian bytes of `words`: a view, not a copy. */
export function bytesOfWords(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** The words of little-endian `bytes`: a view where the bytes are aligned, else a copy. */
export function wordsOfBytes(bytes: Uint8Array): Uint32Array {
  if (bytes.byteLength % 4 !== 0) throw new RangeError(`bytes: ${bytes.byteLength} is no multiple of 4`);
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
}
