/** How a masked vector is cut for its upload (UPLOAD-1). */
import { UPLOAD_CHUNK_BYTES } from './limits.ts';

/** Of a chunk's name, which tells bytes that were damaged on the way, and is no signature. */
export const CHUNK_HASH_BYTES = 16;

/** Bytes of every chunk but the last: as many lanes of `laneBits` bits as fit, in whole eights, which end with a byte. */
export const chunkBytes = (laneBits: number): number => laneBits * Math.floor(UPLOAD_CHUNK_BYTES / laneBits);

/** The first bytes of the SHA-256 of a chunk. */
export const chunkHash = (
  bytes: Uint8Array,
  sha256: (bytes: Uint8Array) => Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> => sha256(bytes).slice(0, CHUNK_HASH_BYTES);
