/**
 * The masked vectors of one attempt. Each upload is spooled until its last chunk is in, then added into one
 * ring sum and forgotten: memory is the sum and the uploads under way, never all n vectors.
 */
import type { ParticipantId } from '#shared/base/ids.ts';
import { addVector, wordsOfBytes } from '#shared/numeric/ring.ts';
import { fail, ok, type Result } from '#shared/base/result.ts';
import { UPLOAD_CHUNK_BYTES } from '#shared/protocol/limits.ts';

export interface Chunk {
  readonly index: number;
  readonly chunks: number;
  readonly bytes: Uint8Array;
}

interface Spool {
  readonly bytes: Uint8Array<ArrayBuffer>;
  next: number;
}

export class Uploads {
  readonly #bytes: number;
  readonly #chunks: number;
  readonly #spools = new Map<ParticipantId, Spool>();
  readonly #sum: Uint32Array<ArrayBuffer>;

  constructor(vectorWords: number) {
    this.#bytes = 4 * vectorWords;
    this.#chunks = Math.ceil(this.#bytes / UPLOAD_CHUNK_BYTES);
    this.#sum = new Uint32Array(vectorWords);
  }

  /** Whether the upload is complete now; a sentence where the chunk is not the next one, or has another length. */
  take(from: ParticipantId, chunk: Chunk): Result<'more' | 'complete', string> {
    const spool = this.#spools.get(from) ?? { bytes: new Uint8Array(this.#bytes), next: 0 };
    if (chunk.chunks !== this.#chunks || chunk.index !== spool.next)
      return fail(
        `Chunk ${chunk.index} of ${chunk.chunks} came where chunk ${spool.next} of ${this.#chunks} was due.`,
      );
    const start = chunk.index * UPLOAD_CHUNK_BYTES;
    const length = Math.min(UPLOAD_CHUNK_BYTES, this.#bytes - start);
    if (chunk.bytes.length !== length)
      return fail(`Chunk ${chunk.index} has ${chunk.bytes.length} bytes instead of ${length}.`);
    spool.bytes.set(chunk.bytes, start);
    spool.next++;
    if (spool.next < this.#chunks) {
      this.#spools.set(from, spool);
      return ok('more');
    }
    this.#spools.delete(from);
    addVector(this.#sum, wordsOfBytes(spool.bytes));
    return ok('complete');
  }

  /** The sum of the complete uploads, [vectorWords]. */
  get sum(): Uint32Array {
    return this.#sum;
  }

  discard(): void {
    this.#spools.clear();
    this.#sum.fill(0);
  }
}
