/** From U2 to the masked vectors. */
import * as v from 'valibot';
import { UPLOAD_CHUNK_BYTES } from '../limits.ts';
import { CHUNK_HASH_BYTES } from '../upload-chunks.ts';
import { bitset, bytes32, bytesOf, bytesUpTo, count, signature } from './common.ts';

/** coordinator → U2, signed ("u2"): those who hold enough shares of each other mask among themselves. */
export const maskRequest = v.strictObject({
  kind: v.literal('mask-request'),
  sid: bytes32,
  u2: bitset,
  signature,
});
/** participant → coordinator: its vector is masked; it waits for its turn. */
export const maskedReady = v.strictObject({ kind: v.literal('masked-ready'), sid: bytes32 });
/** coordinator → participant: its turn, from this chunk on. */
export const uploadGrant = v.strictObject({
  kind: v.literal('upload-grant'),
  sid: bytes32,
  nextChunk: count,
});
/** participant → coordinator: chunk `index` (0-based, in order) of `chunks`; W-bit lanes, packed (numeric/pack). */
export const masked = v.strictObject({
  kind: v.literal('masked'),
  sid: bytes32,
  index: count,
  chunks: count,
  /** The first bytes of the SHA-256 of `bytes`. */
  hash: bytesOf(CHUNK_HASH_BYTES),
  bytes: bytesUpTo(UPLOAD_CHUNK_BYTES),
});
