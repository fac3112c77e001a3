/**
 * Who masks with whom. In the complete graph everyone with everyone; in a sparse one the Harary graph on a
 * random permutation: each participant with the k/2 before and the k/2 after it on a ring (Bell et al. 2020,
 * section 3). The permutation is drawn from the roster's root, so that nobody chooses it alone and everybody
 * computes the same.
 */
import { chacha20 } from '@noble/ciphers/chacha.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { invariant } from '../base/invariant.ts';
import { permutation, type RandomSource } from '../base/random.ts';
import type { GraphParameters } from './parameters.ts';

/**
 * Neighbours of every roster index, ascending, itself excluded.
 *
 * @param root 32 bytes, the roster's root: the permutation is the Fisher–Yates of ChaCha20(SHA-256(root), nonce 0).
 */
export function neighbourhoods(
  cohort: number,
  parameters: GraphParameters,
  root: Uint8Array,
): readonly (readonly number[])[] {
  const everyone = Array.from({ length: cohort }, (_, index) => index);
  if (parameters.graph === 'complete')
    return everyone.map((self) => everyone.filter((other) => other !== self));
  const k = parameters.neighbours;
  invariant(k % 2 === 0 && k >= 2 && k < cohort - 1, `a Harary graph of ${cohort} with ${k} neighbours`);
  const ring = permutation(rootStream(root), cohort);
  const neighbours = everyone.map((): number[] => []);
  for (let position = 0; position < cohort; position++)
    for (let step = 1; step <= k / 2; step++) {
      const left = ring[position] as number;
      const right = ring[(position + step) % cohort] as number;
      (neighbours[left] as number[]).push(right);
      (neighbours[right] as number[]).push(left);
    }
  return neighbours.map((list) => list.toSorted((a, b) => a - b));
}

/** One keystream read from its start, 64-byte blocks counted on; draws never skip or repeat bytes. */
function rootStream(root: Uint8Array): RandomSource {
  const key = sha256(root);
  const nonce = new Uint8Array(12);
  let block = new Uint8Array(0);
  let counter = 0;
  let used = 0;
  return (length) => {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      if (used === block.length) {
        block = chacha20(key, nonce, new Uint8Array(64), undefined, counter++);
        used = 0;
      }
      out[i] = block[used++] as number;
    }
    return out;
  };
}
