import { expect, it } from 'vitest';
import { SAMPLE_DIGEST, sampleDigest } from './testing.ts';

it('Node reads the sample text and table as a tab does', () => {
  expect(sampleDigest()).toBe(SAMPLE_DIGEST);
});
