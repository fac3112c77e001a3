import { describe, expect, it } from 'vitest';
import { bytesInWords, lossInWords, percentInWords, plural, secondsInWords } from './words.ts';

describe('numbers in words', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1_000, '1.0 kB'],
    [796_844, '797 kB'],
    [5_880_000, '5.9 MB'],
    [47_100_000_000, '47.1 GB'],
  ])('%d bytes read %s', (bytes, words) => expect(bytesInWords(bytes)).toBe(words));

  it('a fraction is a percentage, and nothing is a dash', () => {
    expect(percentInWords(0.9684)).toBe('96.8 %');
    expect(percentInWords(null)).toBe('–');
    expect(lossInWords(0.09746)).toBe('0.097');
    expect(lossInWords(null)).toBe('–');
  });

  it.each([
    [0.4, '1 second'],
    [14.2, '15 seconds'],
    [119, '119 seconds'],
    [150, '3 minutes'],
  ])('%d seconds read %s', (seconds, words) => expect(secondsInWords(seconds)).toBe(words));

  it('one is no plural', () => {
    expect(plural(1, 'tab')).toBe('1 tab');
    expect(plural(2, 'tab')).toBe('2 tabs');
    expect(plural(0, 'entry', 'entries')).toBe('0 entries');
  });
});
