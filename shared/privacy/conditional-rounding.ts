/**
 * Conditional rounding (Kairouz, Liu, Steinke, ICML 2021, Algorithm 1): each lane goes up or down at random so that its
 * mean is kept, and all are drawn again until the norm meets its bound.
 */
import { fillWords, type SecretRandom } from './noise-words.ts';

/**
 * Draws before a vector is given up as zeros. One within the clip meets the bound with probability at least
 * 1 − e^(−1/2), so that as many misses have a chance below 10⁻¹³.
 */
const MAX_DRAWS = 64;
const PIECE_LANES = 16_384;
const WORD = 2 ** -32;

export interface RoundingTerms {
  /** Grid steps per unit. */
  readonly scale: number;
  /** ⌊Δ₂²⌋, at most 2^53 − 1. */
  readonly squaredNormBound: number;
}

/**
 * Writes integers near `scale`·vector into `words` (equally long), as two's complement modulo 2^32, whose true squares
 * sum to at most the bound; zeros where no draw does. Lanes must be finite.
 */
export function roundWithinNorm(
  words: Uint32Array,
  vector: Float32Array,
  terms: RoundingTerms,
  secret: SecretRandom,
): void {
  if (words.length !== vector.length) throw new RangeError(`words: ${words.length}, not ${vector.length}`);
  if (!Number.isSafeInteger(terms.squaredNormBound))
    throw new RangeError(`squaredNormBound: ${terms.squaredNormBound} is not a safe integer`);
  const stream = new Uint32Array(Math.min(PIECE_LANES, words.length));
  let met = false;
  for (let draw = 0; draw < MAX_DRAWS && !met; draw++) met = drawOnce(words, vector, terms, stream, secret);
  if (!met) words.fill(0);
  stream.fill(0);
}

/**
 * False as soon as the squares exceed the bound. The sum is exact: up to the bound it is an integer below 2^53, and a
 * term that carries it beyond is seen as more than the bound however it is rounded.
 */
function drawOnce(
  words: Uint32Array,
  vector: Float32Array,
  { scale, squaredNormBound }: RoundingTerms,
  stream: Uint32Array,
  secret: SecretRandom,
): boolean {
  let squares = 0;
  for (let start = 0; start < words.length; start += PIECE_LANES) {
    const count = Math.min(PIECE_LANES, words.length - start);
    fillWords(stream, secret);
    for (let i = 0; i < count; i++) {
      const scaled = (vector[start + i] as number) * scale;
      const floor = Math.floor(scaled);
      const rounded = (stream[i] as number) * WORD < scaled - floor ? floor + 1 : floor;
      squares += rounded * rounded;
      words[start + i] = rounded;
    }
    if (!(squares <= squaredNormBound)) return false;
  }
  return true;
}
