/** The sign of a draw is a bit of its own: taken from the bits that choose the magnitude, it would tie one to the other. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { noblePrg, type Prg } from '../crypto/mask.ts';
import { addNoise } from './noise.ts';
import { discreteGaussianTable, skellamTable } from './noise-table.ts';

/** Lanes drawn at a time; a word of signs for every 32 follows them in the stream. */
const LANES = 16_384;

/** Draws of a fixed stream whose sign bits are all `sign`. */
function drawn(table: ReturnType<typeof skellamTable>, sign: 0 | 1): Int32Array {
  const prg: Prg = {
    accumulate: (words, ...given) => {
      noblePrg.accumulate(words, ...given);
      words.fill(sign === 0 ? 0 : 0xffff_ffff, LANES);
    },
  };
  const words = new Uint32Array(LANES);
  addNoise(words, table, { random: seededRandom('signs'), prg });
  return new Int32Array(words.buffer);
}

describe('the sign of a draw', () => {
  for (const [name, table] of [
    ['Skellam', skellamTable(100)],
    ['discrete Gaussian', discreteGaussianTable(100)],
  ] as const)
    it(`of ${name} noise is its own bit, and changes nothing else`, () => {
      const [positive, negative] = [drawn(table, 0), drawn(table, 1)];
      expect(positive.every((value) => value >= 0)).toBe(true);
      expect(new Set(positive).size).toBeGreaterThan(20);
      // Zero has one sign alone.
      expect(negative.map((value) => -value | 0)).toEqual(positive);
    });
});
