/** Vectors on their way and the sum of those that are complete; everybody's turn is at once. */
import type { ParticipantId } from '../base/ids.ts';
import { addPacked, packedBytes } from '../numeric/pack.ts';
import { CHUNK_LANES } from '../protocol/limits.ts';
import type { ToCoordinatorOf } from '../protocol/messages/directions.ts';

export class AttemptUploads {
  readonly #laneBits: number;
  readonly #spools = new Map<ParticipantId, { readonly bytes: Uint8Array<ArrayBuffer>; next: number }>();
  /** Ring words, [vectorWords]. */
  readonly sum: Uint32Array<ArrayBuffer>;

  constructor(vectorWords: number, laneBits: number) {
    this.#laneBits = laneBits;
    this.sum = new Uint32Array(vectorWords);
  }

  /** The chunk that it goes on with. */
  grant(from: ParticipantId): number {
    const spool = this.#spools.get(from) ?? {
      bytes: new Uint8Array(packedBytes(this.sum.length, this.#laneBits)),
      next: 0,
    };
    this.#spools.set(from, spool);
    return spool.next;
  }

  withdraw(from: ParticipantId): void {
    this.#spools.delete(from);
  }

  /** `broken` where it is not the next chunk, or has another length. */
  take(from: ParticipantId, chunk: ToCoordinatorOf<'masked'>): 'ignored' | 'more' | 'complete' | 'broken' {
    const spool = this.#spools.get(from);
    if (spool === undefined || chunk.index < spool.next) return 'ignored';
    const start = chunk.index * packedBytes(CHUNK_LANES, this.#laneBits);
    const isLast = chunk.index === chunk.chunks - 1;
    const end = start + chunk.bytes.length;
    if (chunk.index !== spool.next || (isLast ? end !== spool.bytes.length : end >= spool.bytes.length))
      return 'broken';
    spool.bytes.set(chunk.bytes, start);
    spool.next++;
    if (!isLast) return 'more';
    this.#spools.delete(from);
    return addPacked(this.sum, spool.bytes, this.#laneBits, 0).ok ? 'complete' : 'broken';
  }

  freeze(): void {
    this.#spools.clear();
  }

  discard(): void {
    this.freeze();
    this.sum.fill(0);
  }
}
