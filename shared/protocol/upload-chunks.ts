/** How a masked vector is cut for its upload (UPLOAD-1). */
import { UPLOAD_CHUNK_BYTES } from './limits.ts';

/** Of a chunk's name, which tells bytes that were damaged on the way, and is no signature. */
export const CHUNK_HASH_BYTES = 16;

type Sha256 = (bytes: Uint8Array) => Uint8Array<ArrayBuffer>;

export interface Chunk {
  /** 0-based. */
  readonly index: number;
  /** Of the whole upload. */
  readonly chunks: number;
  /** Of the bytes (`chunkHash`). */
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Bytes of every chunk but the last: as many lanes of `laneBits` bits as fit, in whole eights, which end with a byte. */
export const chunkBytes = (laneBits: number): number => laneBits * Math.floor(UPLOAD_CHUNK_BYTES / laneBits);

/** The first bytes of the SHA-256 of a chunk. */
export const chunkHash = (bytes: Uint8Array, sha256: Sha256): Uint8Array<ArrayBuffer> =>
  sha256(bytes).slice(0, CHUNK_HASH_BYTES);

/** The chunks of a packed vector from the one with index `first` on, each cut and hashed when it is asked for. */
export function* chunksOf(
  packed: Uint8Array<ArrayBuffer>,
  laneBits: number,
  sha256: Sha256,
  first = 0,
): Generator<Chunk> {
  const step = chunkBytes(laneBits);
  const chunks = Math.ceil(packed.length / step);
  for (let index = first; index < chunks; index++) {
    const bytes = packed.slice(index * step, (index + 1) * step);
    yield { index, chunks, hash: chunkHash(bytes, sha256), bytes };
  }
}
