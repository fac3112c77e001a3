/**
 * The masked vectors of one attempt. At most `atOnce` participants upload at one time, each into a spool; when the
 * last chunk of a spool verifies, it is added into one ring sum and forgotten. Memory is the sum (4 bytes a lane)
 * and `atOnce` packed spools (W bits a lane), however many participants there are.
 */
import { equalBytes } from '../../base/bytes.ts';
import type { ParticipantId } from '../../base/ids.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { CryptoSuite } from '../../crypto/suite.ts';
import { addPacked, packedBytes } from '../../numeric/pack.ts';
import type { Fault } from '../../protocol/faults.ts';
import { UPLOADS_AT_ONCE } from '../../protocol/limits.ts';
import { chunkBytes, chunkHash, type Chunk } from '../../protocol/upload-chunks.ts';

/** It is this participant's turn, from this chunk on. */
export interface Grant {
  readonly to: ParticipantId;
  readonly nextChunk: number;
}

interface Spool {
  readonly bytes: Uint8Array<ArrayBuffer>;
  next: number;
}

export class Uploads {
  readonly #sha256: CryptoSuite['sha256'];
  readonly #laneBits: number;
  readonly #bytes: number;
  readonly #chunkBytes: number;
  readonly #chunks: number;
  readonly #atOnce: number;
  readonly #spools = new Map<ParticipantId, Spool>();
  readonly #queue: ParticipantId[] = [];
  /** They lost a turn: what they sent in it may be on its way still when the next one begins. */
  readonly #stalled = new Set<ParticipantId>();
  readonly #sum: Uint32Array<ArrayBuffer>;

  /** `laneBits` is W. */
  constructor(
    vectorWords: number,
    laneBits: number,
    sha256: CryptoSuite['sha256'],
    atOnce = UPLOADS_AT_ONCE,
  ) {
    this.#sha256 = sha256;
    this.#laneBits = laneBits;
    this.#bytes = packedBytes(vectorWords, laneBits);
    this.#chunkBytes = chunkBytes(laneBits);
    this.#chunks = Math.ceil(this.#bytes / this.#chunkBytes);
    this.#atOnce = atOnce;
    this.#sum = new Uint32Array(vectorWords);
  }

  /** It is ready to upload; its turn comes now or later. One that is uploading goes on where it was. */
  enqueue(from: ParticipantId): readonly Grant[] {
    const spool = this.#spools.get(from);
    if (spool !== undefined) return [{ to: from, nextChunk: spool.next }];
    if (!this.#queue.includes(from)) this.#queue.push(from);
    return this.advance();
  }

  /** It left: its turn goes to the next. What it had sent is forgotten. */
  withdraw(from: ParticipantId): readonly Grant[] {
    const waiting = this.#queue.indexOf(from);
    if (waiting >= 0) this.#queue.splice(waiting, 1);
    this.#spools.delete(from);
    return this.advance();
  }

  /** It has its turn and does not use it: back to the end of the queue, where anybody waits; else it may take its time. */
  stalled(from: ParticipantId): readonly Grant[] {
    if (this.#queue.length === 0 || !this.#spools.delete(from)) return [];
    this.#stalled.add(from);
    this.#queue.push(from);
    return this.advance();
  }

  isUploading(from: ParticipantId): boolean {
    return this.#spools.has(from);
  }

  /**
   * Chunks of one that has no turn are ignored. Rejects (`wrong-length`, `wrong-hash`) a chunk that is not the next
   * one, has another length, or other bytes than its hash names; chunks that came before are ignored, and those of a
   * turn that was lost, until the first of the new turn comes.
   */
  take(from: ParticipantId, chunk: Chunk): Result<'ignored' | 'more' | 'complete', Fault> {
    const spool = this.#spools.get(from);
    if (spool === undefined) return ok('ignored');
    const isStraggler = spool.next === 0 && this.#stalled.has(from);
    if (chunk.chunks === this.#chunks && (chunk.index < spool.next || (isStraggler && chunk.index > 0)))
      return ok('ignored');
    if (chunk.chunks !== this.#chunks || chunk.index !== spool.next)
      return wrongLength(
        `Chunk ${chunk.index} of ${chunk.chunks} came where chunk ${spool.next} of ${this.#chunks} was due.`,
      );
    const start = chunk.index * this.#chunkBytes;
    const length = Math.min(this.#chunkBytes, this.#bytes - start);
    if (chunk.bytes.length !== length)
      return wrongLength(`Chunk ${chunk.index} has ${chunk.bytes.length} bytes instead of ${length}.`);
    if (!equalBytes(chunkHash(chunk.bytes, this.#sha256), chunk.hash))
      return fail({ code: 'wrong-hash', detail: `Chunk ${chunk.index} is not what its hash names.` });
    spool.bytes.set(chunk.bytes, start);
    spool.next++;
    if (spool.next < this.#chunks) return ok('more');
    this.#spools.delete(from);
    const added = addPacked(this.#sum, spool.bytes, this.#laneBits, 0);
    return added.ok ? ok('complete') : wrongLength('The upload does not end with zeros.');
  }

  /** Turns that have become free. */
  advance(): readonly Grant[] {
    const grants: Grant[] = [];
    while (this.#spools.size < this.#atOnce) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      this.#spools.set(next, { bytes: new Uint8Array(this.#bytes), next: 0 });
      grants.push({ to: next, nextChunk: 0 });
    }
    return grants;
  }

  /** The sum of the complete uploads, [vectorWords]; its low W bits mean something. */
  get sum(): Uint32Array<ArrayBuffer> {
    return this.#sum;
  }

  /** U3 is final: whatever is not complete is forgotten unread. */
  freeze(): void {
    this.#spools.clear();
    this.#queue.length = 0;
  }

  discard(): void {
    this.freeze();
    this.#sum.fill(0);
  }
}

const wrongLength = (detail: string) => fail<Fault>({ code: 'wrong-length', detail });
