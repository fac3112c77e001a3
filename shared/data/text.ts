/**
 * Texts as hashed bags of words (Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask Learning"):
 * no vocabulary has to be agreed on, so nobody learns which words others write.
 *
 * A text is brought to Unicode form NFKC and lower case and cut into words: runs of letters and digits, of 2 to 20
 * characters, which leaves out single characters and encoded attachments. A word's bucket is the low 12 bits of
 * MurmurHash3_x86_32 (seed 0) of its UTF-8 bytes. What counts is whether a bucket is met, not how often.
 */
import { utf8ToBytes } from '../base/bytes.ts';
import { encodePresence } from './encoding.ts';
import { murmur3 } from './murmur3.ts';

export const WORD_BUCKETS = 4096;
const [SHORTEST_WORD, LONGEST_WORD] = [2, 20];

/** In the text's order, with repetitions. */
export function wordsOf(text: string): readonly string[] {
  const runs =
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return runs.filter((run) => {
    const { length } = Array.from(run);
    return length >= SHORTEST_WORD && length <= LONGEST_WORD;
  });
}

/** 0..WORD_BUCKETS-1 */
export const bucketOf = (word: string): number => murmur3(utf8ToBytes(word), 0) % WORD_BUCKETS;

/** The text's buckets as a row of encoding.ts's `presence`, WORD_BUCKETS / 8 bytes. */
export const bagOfWords = (text: string): Uint8Array =>
  encodePresence(new Set(wordsOf(text).map(bucketOf)), WORD_BUCKETS / 8);
