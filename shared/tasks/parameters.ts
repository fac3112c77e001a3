/** A model's parameters as bytes: little-endian float32 in layout order, named by their SHA-256. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '../base/bytes.ts';
import { isModelHash, type ModelHash } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { fail, ok, type Result } from '../base/result.ts';

export const bytesOfParameters = (parameters: Float32Array): Uint8Array =>
  new Uint8Array(parameters.buffer, parameters.byteOffset, parameters.byteLength);

export function modelHashOf(bytes: Uint8Array): ModelHash {
  const hash = bytesToHex(sha256(bytes));
  invariant(isModelHash(hash), 'SHA-256 is 64 hex characters');
  return hash;
}

/** A copy as floats; a sentence where the bytes are cut short, or are another model's than `hash`. */
export function parametersOfBytes(
  bytes: Uint8Array,
  hash: ModelHash,
  count: number,
): Result<Float32Array<ArrayBuffer>, string> {
  if (bytes.length !== 4 * count)
    return fail(
      `the model has ${bytes.length} bytes instead of ${4 * count}: the download was cut short or is another model's`,
    );
  if (modelHashOf(bytes) !== hash) return fail('the model does not have the hash it was offered under');
  const parameters = new Float32Array(count);
  bytesOfParameters(parameters).set(bytes);
  return ok(parameters);
}
