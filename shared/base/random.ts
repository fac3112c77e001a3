/**
 * Random bytes come in as an argument everywhere in shared/.
 *
 * Secrets draw from `systemRandom` (crypto.getRandomValues, present in tabs, workers and Node, also on
 * plain-http pages). Reproducible draws (model initialisation, shuffles, partitions) draw from
 * `seededRandom`, a ChaCha20 stream, and never serve as secrets.
 */
import { chacha20 } from '@noble/ciphers/chacha.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';

/** Returns `length` fresh random bytes. */
export type RandomSource = (length: number) => Uint8Array;

export const systemRandom: RandomSource = (length) => crypto.getRandomValues(new Uint8Array(length));

/** A reproducible stream keyed by SHA-256(label); equal labels give equal streams on every platform. */
export function seededRandom(label: string): RandomSource {
  const key = sha256(utf8ToBytes(label));
  let block = 0;
  return (length) => {
    const nonce = new Uint8Array(12);
    new DataView(nonce.buffer).setUint32(0, block++, true);
    return chacha20(key, nonce, new Uint8Array(length));
  };
}

/** A uniform integer in [0, bound), by rejection; `bound` in 1..2^32. */
export function randomInteger(random: RandomSource, bound: number): number {
  if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) throw new RangeError(`bound: ${bound}`);
  const limit = 2 ** 32 - (2 ** 32 % bound);
  for (;;) {
    const bytes = random(4);
    const word = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
    if (word < limit) return word % bound;
  }
}

/** A uniform permutation of 0..length-1 (Fisher–Yates). */
export function permutation(random: RandomSource, length: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index);
  for (let i = length - 1; i > 0; i--) {
    const j = randomInteger(random, i + 1);
    const held = order[i] as number;
    order[i] = order[j] as number;
    order[j] = held;
  }
  return order;
}
