import { expect, it } from 'vitest';
import { SAMPLE_DIGEST, sampleDigest } from './testing.ts';

it('a tab reads the sample text and table as Node does', () => {
  expect(sampleDigest()).toBe(SAMPLE_DIGEST);
});
