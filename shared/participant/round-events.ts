/** Hashes on the wire as the ids that machines hold. */
import { bytesToHex } from '../base/bytes.ts';
import { isModelHash, type ModelHash } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';

export function modelHashOfBytes(bytes: Uint8Array): ModelHash {
  const hash = bytesToHex(bytes);
  invariant(isModelHash(hash), 'the codec gives 32 bytes');
  return hash;
}
