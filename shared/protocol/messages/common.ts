/** Field schemas that several messages share. */
import * as v from 'valibot';
import { isSmallOrder } from '../../crypto/small-order.ts';
import { MAX_COHORT } from '../limits.ts';

const bytes = v.custom<Uint8Array>((value) => value instanceof Uint8Array, 'expected bytes');

export const bytesOf = (length: number) =>
  v.pipe(
    bytes,
    v.check((given) => given.length === length, `expected ${length} bytes`),
  );
export const bytesUpTo = (length: number, least = 1) =>
  v.pipe(
    bytes,
    v.check(
      (given) => given.length >= least && given.length <= length,
      `expected ${least} to ${length} bytes`,
    ),
  );

/** SHA-256 digests, Ed25519 public keys, participant ids, sids. */
export const bytes32 = bytesOf(32);

/** An Ed25519 signature over a domain-separated body (protocol/signed). */
export const signature = bytesOf(64);

/** An X25519 public key with which a secret can be agreed. */
export const agreementKey = v.pipe(
  bytes32,
  v.check((key) => !isSmallOrder(key), 'expected a key that is not of small order'),
);

export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(0xffffffff));
export const text = (length: number) => v.pipe(v.string(), v.maxLength(length));

/** A roster index, 0-based. */
export const rosterIndex = v.pipe(count, v.maxValue(MAX_COHORT - 1));
/** A set of roster indices: bit i of byte ⌊i/8⌋, least significant first (protocol/bitset). */
export const bitset = bytesUpTo(Math.ceil(MAX_COHORT / 8));

/** One entry a roster member, at most. */
export const perMember = <Entry extends v.GenericSchema>(entry: Entry) =>
  v.pipe(v.array(entry), v.minLength(1), v.maxLength(MAX_COHORT));
