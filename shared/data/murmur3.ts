/**
 * MurmurHash3_x86_32 (Austin Appleby, SMHasher), the hash of most feature hashing (Weinberger et al. 2009): fast and
 * the same on every platform. It is no cryptographic hash and keeps nothing secret.
 */

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

const rotate = (word: number, bits: number) => (word << bits) | (word >>> (32 - bits));
const mixBlock = (block: number) => Math.imul(rotate(Math.imul(block, C1), 15), C2);

/** An unsigned 32-bit integer; `seed` is one, too. */
export function murmur3(bytes: Uint8Array, seed: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const whole = bytes.length - (bytes.length % 4);
  let hash = seed;
  for (let at = 0; at < whole; at += 4) {
    hash ^= mixBlock(view.getInt32(at, true));
    hash = Math.imul(rotate(hash, 13), 5) + 0xe6546b64;
  }
  let tail = 0;
  for (let at = bytes.length - 1; at >= whole; at--) tail = (tail << 8) | (bytes[at] as number);
  if (whole < bytes.length) hash ^= mixBlock(tail);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
