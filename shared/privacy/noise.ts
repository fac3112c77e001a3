/**
 * Draws of integer noise from a table. No floating point is in the way from random bits to noise (Mironov, "On
 * Significance of the Least Significant Bits", CCS 2012).
 */
import type { NoiseTable } from './noise-table.ts';
import { fillWords, type SecretRandom } from './noise-words.ts';

/** Lanes drawn at a time: 64 KiB of stream, and a word of signs for every 32. */
const PIECE_LANES = 16_384;

/** words ← words + independent draws modulo 2^32, in place; negative draws as two's complement. */
export function addNoise(words: Uint32Array, table: NoiseTable, secret: SecretRandom): void {
  const { guide, top } = table;
  const shift = 32 - Math.log2(guide.length);
  const stream = new Uint32Array(PIECE_LANES + PIECE_LANES / 32);
  for (let start = 0; start < words.length; start += PIECE_LANES) {
    fillWords(stream, secret);
    const count = Math.min(PIECE_LANES, words.length - start);
    for (let i = 0; i < count; i++) {
      const uniform = stream[i] as number;
      let m = guide[uniform >>> shift] as number;
      while (uniform > (top[m] as number)) m++;
      if (uniform === top[m]) m = afterTie(uniform, m, table, secret);
      const sign = -(((stream[PIECE_LANES + (i >>> 5)] as number) >>> (i & 31)) & 1);
      words[start + i] = (words[start + i] as number) + ((m ^ sign) - sign);
    }
  }
  stream.fill(0);
}

/** The answer where the leading 32 bits are those of threshold m: 96 more decide. */
function afterTie(uniform: number, m: number, { top, high, low }: NoiseTable, secret: SecretRandom): number {
  const words = new Uint32Array(3);
  fillWords(words, secret);
  const [second = 0, third = 0, fourth = 0] = words;
  const upper = (BigInt(uniform) << 32n) | BigInt(second);
  const lower = (BigInt(third) << 32n) | BigInt(fourth);
  const last = top.length - 1;
  let answer = m;
  while (answer < last) {
    const [thresholdHigh, thresholdLow] = [high[answer] as bigint, low[answer] as bigint];
    if (upper < thresholdHigh || (upper === thresholdHigh && lower < thresholdLow)) break;
    answer += 1;
  }
  return answer;
}
