/** Field schemas that several messages share. */
import * as v from 'valibot';
import { isSmallOrder } from '../../crypto/small-order.ts';

const bytes = v.custom<Uint8Array>((value) => value instanceof Uint8Array, 'expected bytes');
export const bytesOf = (length: number) =>
  v.pipe(
    bytes,
    v.check((given) => given.length === length, `expected ${length} bytes`),
  );
export const bytesUpTo = (length: number) =>
  v.pipe(
    bytes,
    v.check((given) => given.length >= 1 && given.length <= length, `expected 1 to ${length} bytes`),
  );
/** SHA-256 digests, Ed25519 public keys, participant ids, sids. */
export const bytes32 = bytesOf(32);
/** An X25519 public key with which a secret can be agreed. */
export const agreementKey = v.pipe(
  bytes32,
  v.check((key) => !isSmallOrder(key), 'expected a key that is not of small order'),
);
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(0xffffffff));
export const text = (length: number) => v.pipe(v.string(), v.maxLength(length));
