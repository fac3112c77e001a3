/** Sends a masked vector in hashed chunks, never more than the socket takes (UPLOAD). */
import { sha256 } from '@noble/hashes/sha2.js';
import { SEND_BUFFER_BYTES } from '../protocol/limits.ts';
import type { ToCoordinatorOf } from '../protocol/messages/directions.ts';
import { chunksOf } from '../protocol/upload-chunks.ts';

/** Between two looks at a full send buffer. */
const DRAIN_MS = 5;

export interface MaskedUpload {
  readonly sid: Uint8Array;
  /** All lanes, W bits each (numeric/pack). */
  readonly packed: Uint8Array<ArrayBuffer>;
  readonly laneBits: number;
  /** 0-based; what is before it has arrived. */
  readonly nextChunk: number;
}

export interface UploadPorts {
  send(message: ToCoordinatorOf<'masked'>): void;
  bufferedBytes(): number;
  pause(ms: number): Promise<void>;
  isWanted(): boolean;
}

/** Whether all of it was handed to the socket; false where it was not wanted any more. */
export async function sendMasked(
  { sid, packed, laneBits, nextChunk }: MaskedUpload,
  ports: UploadPorts,
): Promise<boolean> {
  for (const chunk of chunksOf(packed, laneBits, sha256, nextChunk)) {
    while (ports.bufferedBytes() > SEND_BUFFER_BYTES) await ports.pause(DRAIN_MS);
    if (!ports.isWanted()) return false;
    ports.send({ kind: 'masked', sid, ...chunk });
  }
  await ports.pause(0);
  return ports.isWanted();
}
