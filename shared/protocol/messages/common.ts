/** Field schemas that several messages share. */
import * as v from 'valibot';

export const bytesOf = (length: number) =>
  v.pipe(
    v.instance(Uint8Array),
    v.check((bytes) => bytes.length === length, `expected ${length} bytes`),
  );
export const bytesUpTo = (length: number) =>
  v.pipe(
    v.instance(Uint8Array),
    v.check((bytes) => bytes.length >= 1 && bytes.length <= length, `expected 1 to ${length} bytes`),
  );
/** SHA-256 digests, X25519 public keys, participant ids, sids. */
export const bytes32 = bytesOf(32);
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(0xffffffff));
export const text = (length: number) => v.pipe(v.string(), v.maxLength(length));
