/**
 * Masks on their way onto a vector: many at once, so that a long vector comes from memory once a batch, and few enough
 * that whoever computes it answers in between. It has the seeds to itself, and zeroes each when its stream is on.
 */
import { applyMasks, type Mask, type Prg } from '../crypto/mask.ts';

/** Words masked between two pauses: some 10 to 30 ms. A timer's turn costs a tab up to 4 ms. */
const WORDS_A_BATCH = 8_388_608;
/** Streams open at a time, however short the vector is. */
const MOST_STREAMS = 256;

export class MaskBatch {
  readonly #words: Uint32Array;
  readonly #prg: Prg;
  readonly #pause: () => Promise<void>;
  readonly #size: number;
  #masks: Mask[] = [];

  /** `words` (ring words, [vectorWords]) are masked in place; `pause` is awaited between batches. */
  constructor(words: Uint32Array, prg: Prg, pause: () => Promise<void>) {
    this.#words = words;
    this.#prg = prg;
    this.#pause = pause;
    this.#size = Math.min(MOST_STREAMS, Math.ceil(WORDS_A_BATCH / Math.max(1, words.length)));
  }

  async add(mask: Mask): Promise<void> {
    this.#masks.push(mask);
    if (this.#masks.length < this.#size) return;
    this.finish();
    await this.#pause();
  }

  /** Puts on what is left. */
  finish(): void {
    try {
      applyMasks(this.#words, this.#masks, this.#prg);
    } finally {
      this.erase();
    }
  }

  /** Forgets what is not on yet: `words` are of no use then. */
  erase(): void {
    for (const { seed } of this.#masks) seed.fill(0);
    this.#masks = [];
  }
}
