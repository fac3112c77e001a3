/** Secret uniform words: ChaCha20 streams, each under a fresh key from the platform's generator. */
import type { RandomSource } from '../base/random.ts';
import { noblePrg, type Prg } from '../crypto/mask.ts';

/** Where noise and rounding get their randomness. `random` gives keys; a seeded one serves in tests alone. */
export interface SecretRandom {
  readonly random: RandomSource;
  /** What expands the keys. */
  readonly prg?: Prg;
}

const KEY_BYTES = 32;

/** Overwrites `words` with uniform ones under a new key. */
export function fillWords(words: Uint32Array, { random, prg = noblePrg }: SecretRandom): void {
  const key = random(KEY_BYTES);
  words.fill(0);
  prg.accumulate(words, [{ seed: key, sign: 'add' }]);
  key.fill(0);
}
