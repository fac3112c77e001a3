import { describe, expect, it } from 'vitest';
import { packedBytes } from '../numeric/pack.ts';
import { nobleSuite } from '../crypto/suite.ts';
import { UPLOAD_CHUNK_BYTES } from './limits.ts';
import { chunkBytes, chunkHash } from './upload-chunks.ts';

const WIDTHS = Array.from({ length: 25 }, (_, i) => 8 + i);

describe('chunks of an upload', () => {
  it.each(WIDTHS)('UPLOAD-1: take as many eights of lanes of %i bits as a message may hold', (bits) => {
    const lanes = (8 * chunkBytes(bits)) / bits;
    expect(lanes % 8).toBe(0);
    expect(packedBytes(lanes, bits)).toBe(chunkBytes(bits));
    expect(chunkBytes(bits)).toBeLessThanOrEqual(UPLOAD_CHUNK_BYTES);
    expect(packedBytes(lanes + 8, bits)).toBeGreaterThan(UPLOAD_CHUNK_BYTES);
  });

  it('UPLOAD-1: are named by the first half of their SHA-256', () => {
    const bytes = new TextEncoder().encode('abc');
    // FIPS 180-4's example.
    expect(Buffer.from(chunkHash(bytes, nobleSuite.sha256)).toString('hex')).toBe(
      'ba7816bf8f01cfea414140de5dae2223',
    );
  });
});
