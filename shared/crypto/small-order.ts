/**
 * X25519 public keys of small order, with which every shared secret is zero (RFC 7748, section 6.1).
 *
 * The seven encodings below are all there are once the top bit is masked off: u = 0, 1, two points of
 * order 8, p − 1, and the non-canonical p and p + 1.
 */
import { hexToBytes } from '../base/bytes.ts';

const SMALL_ORDER_KEYS = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map(hexToBytes);

/** `publicKey` is 32 bytes, little-endian, as on the wire. Public data: no constant time is needed. */
export function isSmallOrder(publicKey: Uint8Array): boolean {
  return SMALL_ORDER_KEYS.some((smallOrder) =>
    smallOrder.every((byte, index) => {
      const given = publicKey[index] ?? 0;
      return byte === (index === 31 ? given & 0x7f : given);
    }),
  );
}
