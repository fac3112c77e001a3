import { describe, expect, it } from 'vitest';
import type { ParticipantId } from '#shared/base/ids.ts';
import { bytesOfWords } from '#shared/numeric/ring.ts';
import { UPLOAD_CHUNK_BYTES } from '#shared/protocol/limits.ts';
import { Uploads } from './uploads.ts';

const A = 'a'.repeat(64) as ParticipantId;
const B = 'b'.repeat(64) as ParticipantId;

/** Two whole chunks and one of 40 bytes. */
const WORDS = UPLOAD_CHUNK_BYTES / 2 + 10;
const CHUNKS = 3;

const vector = (first: number) => Uint32Array.from({ length: WORDS }, (_, i) => first + 7 * i);
const chunkOf = (words: Uint32Array, index: number) => ({
  index,
  chunks: CHUNKS,
  bytes: bytesOfWords(words).slice(index * UPLOAD_CHUNK_BYTES, (index + 1) * UPLOAD_CHUNK_BYTES),
});

const more = { ok: true, value: 'more' };
const complete = { ok: true, value: 'complete' };

describe('uploads', () => {
  it('UPLOAD-3: are in the sum when their last chunk is in, and not a word before', () => {
    const uploads = new Uploads(WORDS);
    expect(uploads.take(A, chunkOf(vector(1), 0))).toEqual(more);
    expect(uploads.take(A, chunkOf(vector(1), 1))).toEqual(more);
    expect(uploads.sum.every((word) => word === 0)).toBe(true);
    expect(uploads.take(A, chunkOf(vector(1), 2))).toEqual(complete);
    expect(uploads.sum).toEqual(vector(1));
  });

  it('UPLOAD-3: of several at once are kept apart, and added modulo 2^32', () => {
    const uploads = new Uploads(WORDS);
    const [a, b] = [vector(0xffff_fff0), vector(0x20)];
    for (let index = 0; index < CHUNKS; index++) {
      uploads.take(A, chunkOf(a, index));
      uploads.take(B, chunkOf(b, index));
    }
    expect(uploads.sum).toEqual(Uint32Array.from(a, (word, i) => word + (b[i] ?? 0)));
    expect(uploads.sum[0]).toBe(0x10);
  });

  it.each([
    ['the second chunk first', { ...chunkOf(vector(1), 1) }, /Chunk 1 of 3 came where chunk 0 of 3 was due/],
    [
      'another number of chunks',
      { ...chunkOf(vector(1), 0), chunks: 2 },
      /Chunk 0 of 2 came where chunk 0 of 3/,
    ],
    [
      'a chunk that is short',
      { ...chunkOf(vector(1), 2), index: 0 },
      /Chunk 0 has 40 bytes instead of 262144/,
    ],
    ['no bytes', { ...chunkOf(vector(1), 0), bytes: new Uint8Array(0) }, /0 bytes instead of 262144/],
  ])('UPLOAD-1: refuse %s', (_, chunk, sentence) => {
    const uploads = new Uploads(WORDS);
    const taken = uploads.take(A, chunk);
    expect(taken.ok ? '' : taken.fault).toMatch(sentence);
    expect(uploads.sum.every((word) => word === 0)).toBe(true);
  });

  it('UPLOAD-1: refuse a chunk that comes twice, and a last one that is too long', () => {
    const uploads = new Uploads(WORDS);
    uploads.take(A, chunkOf(vector(1), 0));
    expect(uploads.take(A, chunkOf(vector(1), 0)).ok).toBe(false);
    uploads.take(A, chunkOf(vector(1), 1));
    const long = { ...chunkOf(vector(1), 2), bytes: new Uint8Array(44) };
    expect(uploads.take(A, long)).toEqual({ ok: false, fault: 'Chunk 2 has 44 bytes instead of 40.' });
  });

  it('ABORT-2: discarded ones leave neither a sum nor what was spooled', () => {
    const uploads = new Uploads(WORDS);
    for (let index = 0; index < CHUNKS; index++) uploads.take(A, chunkOf(vector(1), index));
    uploads.take(B, chunkOf(vector(2), 0));
    uploads.discard();
    expect(uploads.sum.every((word) => word === 0)).toBe(true);
    // B would have to begin again.
    expect(uploads.take(B, chunkOf(vector(2), 1)).ok).toBe(false);
  });
});
