import { describe, expect, it } from 'vitest';
import { bytesToHex } from '../../base/bytes.ts';
import type { ParticipantId } from '../../base/ids.ts';
import { nobleSuite } from '../../crypto/suite.ts';
import { packLanes } from '../../numeric/pack.ts';
import { addVector, bytesOfWords } from '../../numeric/ring.ts';
import { chunkBytes, chunkHash } from '../../protocol/upload-chunks.ts';
import { Uploads } from './uploads.ts';

const A = 'a'.repeat(64) as ParticipantId;
const B = 'b'.repeat(64) as ParticipantId;
const C = 'c'.repeat(64) as ParticipantId;

const LANE_BITS = 19;
const CHUNK_BYTES = chunkBytes(LANE_BITS);
/** Two whole chunks and one of 10 lanes. */
const WORDS = (2 * 8 * CHUNK_BYTES) / LANE_BITS + 10;
/** 190 bits. */
const LAST_BYTES = 24;
const CHUNKS = 3;
const MASK = 2 ** LANE_BITS - 1;

const { sha256 } = nobleSuite;
const vector = (first: number) => Uint32Array.from({ length: WORDS }, (_, i) => first + 7 * i);
/** A digest of the low W bits of each lane: two long vectors are compared, not printed. */
const lanes = (words: Uint32Array) => bytesToHex(sha256(bytesOfWords(words.map((word) => word & MASK))));
const chunk = (index: number, bytes: Uint8Array, chunks = CHUNKS) => ({
  index,
  chunks,
  hash: chunkHash(bytes, sha256),
  bytes,
});
const chunkOf = (words: Uint32Array, index: number) =>
  chunk(index, packLanes(words, LANE_BITS).slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES));

/** `granted` have their turns. */
function uploadsOf(granted: readonly ParticipantId[], atOnce = 8): Uploads {
  const uploads = new Uploads(WORDS, LANE_BITS, sha256, atOnce);
  for (const from of granted) uploads.enqueue(from);
  return uploads;
}
function send(uploads: Uploads, from: ParticipantId, words: Uint32Array, from0 = 0): void {
  for (let index = from0; index < CHUNKS; index++) uploads.take(from, chunkOf(words, index));
}

const more = { ok: true, value: 'more' };
const complete = { ok: true, value: 'complete' };
const ignored = { ok: true, value: 'ignored' };
const isZero = (uploads: Uploads) => uploads.sum.every((word) => word === 0);

describe('uploads', () => {
  it('UPLOAD-3: are in the sum when their last chunk is in, and not a word before', () => {
    const uploads = uploadsOf([A]);
    expect(uploads.take(A, chunkOf(vector(1), 0))).toEqual(more);
    expect(uploads.take(A, chunkOf(vector(1), 1))).toEqual(more);
    expect(isZero(uploads)).toBe(true);
    expect(uploads.take(A, chunkOf(vector(1), 2))).toEqual(complete);
    expect(lanes(uploads.sum)).toEqual(lanes(vector(1)));
  });

  it('UPLOAD-3: of several at once are kept apart, and added modulo 2^W', () => {
    const uploads = uploadsOf([A, B]);
    const [a, b] = [vector(0xffff_fff0), vector(0x20)];
    for (let index = 0; index < CHUNKS; index++) {
      uploads.take(A, chunkOf(a, index));
      uploads.take(B, chunkOf(b, index));
    }
    expect(lanes(uploads.sum)).toEqual(lanes(Uint32Array.from(a, (word, i) => word + (b[i] ?? 0))));
    expect((uploads.sum[0] ?? 0) & MASK).toBe(0x10);
  });

  it.each([
    ['the second chunk first', chunkOf(vector(1), 1), /Chunk 1 of 3 came where chunk 0 of 3 was due/],
    [
      'another number of chunks',
      { ...chunkOf(vector(1), 0), chunks: 2 },
      /Chunk 0 of 2 came where chunk 0 of 3/,
    ],
    [
      'a chunk that is short',
      { ...chunkOf(vector(1), 2), index: 0 },
      /Chunk 0 has 24 bytes instead of 262143/,
    ],
    ['no bytes', chunk(0, new Uint8Array(0)), /0 bytes instead of 262143/],
  ])('UPLOAD-1: refuse %s', (_, given, sentence) => {
    const uploads = uploadsOf([A]);
    const taken = uploads.take(A, given);
    expect(taken).toMatchObject({ ok: false, fault: { code: 'wrong-length' } });
    expect(taken.ok ? '' : taken.fault.detail).toMatch(sentence);
    expect(isZero(uploads)).toBe(true);
  });

  it('UPLOAD-1: refuse a last chunk that is too long, and one whose spare bits say something', () => {
    const uploads = uploadsOf([A]);
    uploads.take(A, chunkOf(vector(1), 0));
    uploads.take(A, chunkOf(vector(1), 1));
    expect(uploads.take(A, chunk(2, new Uint8Array(LAST_BYTES + 4)))).toEqual({
      ok: false,
      fault: { code: 'wrong-length', detail: 'Chunk 2 has 28 bytes instead of 24.' },
    });
    expect(uploads.take(A, chunk(2, new Uint8Array(LAST_BYTES).fill(0xff)))).toMatchObject({
      ok: false,
      fault: { code: 'wrong-length' },
    });
  });

  it('UPLOAD-2: refuse bytes that their hash does not name; the chunk may be sent again', () => {
    const uploads = uploadsOf([A]);
    const sound = chunkOf(vector(1), 0);
    const damaged = { ...sound, bytes: sound.bytes.map((byte, i) => (i === 9 ? byte ^ 1 : byte)) };
    expect(uploads.take(A, damaged)).toMatchObject({ ok: false, fault: { code: 'wrong-hash' } });
    expect(uploads.take(A, sound)).toEqual(more);
  });

  it('SAME-1: ignore a chunk that came before, whatever it holds now', () => {
    const uploads = uploadsOf([A]);
    uploads.take(A, chunkOf(vector(1), 0));
    expect(uploads.take(A, chunkOf(vector(1), 0))).toEqual(ignored);
    expect(uploads.take(A, chunkOf(vector(9), 0))).toEqual(ignored);
    send(uploads, A, vector(1), 1);
    expect(lanes(uploads.sum)).toEqual(lanes(vector(1)));
  });

  it('UPLOAD-4: one after another has its turn; without a turn nothing is taken', () => {
    const uploads = new Uploads(WORDS, LANE_BITS, sha256, 1);
    expect(uploads.enqueue(A)).toEqual([{ to: A, nextChunk: 0 }]);
    expect(uploads.enqueue(B)).toEqual([]);
    expect(uploads.enqueue(C)).toEqual([]);
    expect(uploads.take(B, chunkOf(vector(5), 0))).toEqual(ignored);
    expect([A, B, C].map((who) => uploads.isUploading(who))).toEqual([true, false, false]);
    send(uploads, A, vector(1));
    expect(uploads.advance()).toEqual([{ to: B, nextChunk: 0 }]);
    const other = vector(2);
    expect(uploads.withdraw(C)).toEqual([]);
    send(uploads, B, other);
    expect(uploads.advance()).toEqual([]);
    expect(lanes(uploads.sum)).toEqual(lanes(vector(1).map((word, i) => word + (other[i] ?? 0))));
  });

  it('UPLOAD-3: one that stalls keeps its turn and what it sent as long as nobody waits', () => {
    const uploads = uploadsOf([A, B], 2);
    uploads.take(A, chunkOf(vector(1), 0));
    expect(uploads.stalled(A)).toEqual([]);
    send(uploads, A, vector(1), 1);
    expect(lanes(uploads.sum)).toEqual(lanes(vector(1)));
  });

  it('UPLOAD-3: what is still on its way of a turn that was lost is ignored in the next one, and no fault', () => {
    const uploads = uploadsOf([A, B], 1);
    uploads.take(A, chunkOf(vector(1), 0));
    uploads.stalled(A);
    send(uploads, B, vector(2));
    expect(uploads.advance()).toEqual([{ to: A, nextChunk: 0 }]);
    expect(uploads.take(A, chunkOf(vector(1), 1))).toEqual(ignored);
    send(uploads, A, vector(1));
    const both = vector(1);
    addVector(both, vector(2));
    expect(lanes(uploads.sum)).toEqual(lanes(both));
    // Once the new turn has begun, and in a first turn, order is order.
    for (const from of [A, C]) uploads.enqueue(from);
    uploads.take(A, chunkOf(vector(1), 0));
    expect(uploads.take(A, chunkOf(vector(1), 2))).toMatchObject({ ok: false });
  });

  it('UPLOAD-4: one that comes back goes on where it was; one that stalls begins again at the end', () => {
    const uploads = uploadsOf([A], 1);
    uploads.take(A, chunkOf(vector(1), 0));
    expect(uploads.enqueue(A)).toEqual([{ to: A, nextChunk: 1 }]);
    uploads.enqueue(B);
    expect(uploads.stalled(A)).toEqual([{ to: B, nextChunk: 0 }]);
    expect(uploads.stalled(C)).toEqual([]);
    expect(uploads.take(A, chunkOf(vector(1), 1))).toEqual(ignored);
    expect(uploads.withdraw(B)).toEqual([{ to: A, nextChunk: 0 }]);
    send(uploads, A, vector(1));
    expect(lanes(uploads.sum)).toEqual(lanes(vector(1)));
  });

  it('U3-1: once frozen take nothing more, and what was not complete is not in the sum', () => {
    const uploads = uploadsOf([A, B]);
    send(uploads, A, vector(1));
    uploads.take(B, chunkOf(vector(2), 0));
    uploads.take(B, chunkOf(vector(2), 1));
    uploads.freeze();
    expect(uploads.take(B, chunkOf(vector(2), 2))).toEqual(ignored);
    expect(lanes(uploads.sum)).toEqual(lanes(vector(1)));
  });

  it('ABORT-2: discarded ones leave neither a sum nor what was spooled', () => {
    const uploads = uploadsOf([A, B]);
    send(uploads, A, vector(1));
    uploads.take(B, chunkOf(vector(2), 0));
    uploads.discard();
    expect(isZero(uploads)).toBe(true);
    // B would have to begin again.
    expect(uploads.take(B, chunkOf(vector(2), 1))).toEqual(ignored);
    expect(uploads.enqueue(B)).toEqual([{ to: B, nextChunk: 0 }]);
  });
});
