import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bagOfWords, bucketOf, WORD_BUCKETS, wordsOf } from './text.ts';

describe('bags of words', () => {
  it('words are runs of letters and digits, of 2 to 20 characters, in lower case', () => {
    expect(wordsOf("Don't WAIT: buy 3 pills for $99.95 — “Ｆｕｌｌ” width, naïve ЦЕНА!")).toEqual([
      'don',
      'wait',
      'buy',
      'pills',
      'for',
      '99',
      '95',
      'full',
      'width',
      'naïve',
      'цена',
    ]);
    expect(wordsOf(`${'a'.repeat(20)} ${'b'.repeat(21)}`)).toEqual(['a'.repeat(20)]);
    expect(wordsOf('… !? \n')).toEqual([]);
  });

  it('count characters, not the halves that UTF-16 writes some with', () => {
    expect(wordsOf('𝒳 𐐨𐐨')).toEqual(['𐐨𐐨']);
  });

  it('a word’s bucket is the low 12 bits of its MurmurHash3', () => {
    // murmur3("test", 0) = 0xba6bd213
    expect(bucketOf('test')).toBe(0x213);
  });

  it('hold a bit for each word’s bucket, however often and in whatever order', () => {
    const bag = bagOfWords('test');
    expect(bag).toHaveLength(WORD_BUCKETS / 8);
    expect([...bag.entries()].filter(([, byte]) => byte !== 0)).toEqual([[0x213 >> 3, 1 << (0x213 & 7)]]);
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{2,8}$/)), (words) => {
        expect(bagOfWords(words.toReversed().join(' '))).toEqual(bagOfWords([...words, ...words].join('\n')));
      }),
    );
  });

  it('spread words evenly: no bucket gets far more than its share', () => {
    const counts = new Uint32Array(WORD_BUCKETS);
    for (let i = 0; i < 100 * WORD_BUCKETS; i++) {
      const bucket = bucketOf(`word${i}`);
      counts[bucket] = (counts[bucket] as number) + 1;
    }
    // 100 a bucket, √100 of deviation; six of them.
    expect(Math.max(...counts)).toBeLessThan(160);
    expect(Math.min(...counts)).toBeGreaterThan(40);
  });
});
