import { hkdfSync } from 'node:crypto';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import { seededRandom } from '../base/random.ts';
import { deriveKey } from './derive.ts';

describe('deriveKey (HKDF-SHA256)', () => {
  it('stands on an HKDF that agrees with RFC 5869, test case 1', () => {
    const okm = hkdf(
      sha256,
      new Uint8Array(22).fill(0x0b),
      hexToBytes('000102030405060708090a0b0c'),
      hexToBytes('f0f1f2f3f4f5f6f7f8f9'),
      42,
    );
    expect(bytesToHex(okm)).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    );
  });

  const random = seededRandom('derive');
  const [secret, sid, root] = [random(32), random(32), random(32)];

  it('MASK-1: is HKDF of OpenSSL with salt = sid, info = "mask" ‖ root ‖ u32be lower ‖ u32be higher', () => {
    const info = Buffer.concat([Buffer.from('mask'), root, Buffer.from('0000000300000102', 'hex')]);
    const expected = new Uint8Array(hkdfSync('sha256', secret, sid, info, 32));
    expect(deriveKey(secret, { domain: 'mask', sid, root, pair: [3, 258] })).toEqual(expected);
  });

  it('MASK-1: another sid, root or pair gives another key', () => {
    const keys = [
      deriveKey(secret, { domain: 'mask', sid, root, pair: [0, 1] }),
      deriveKey(secret, { domain: 'mask', sid: root, root, pair: [0, 1] }),
      deriveKey(secret, { domain: 'mask', sid, root: sid, pair: [0, 1] }),
      deriveKey(secret, { domain: 'mask', sid, root, pair: [0, 2] }),
      deriveKey(secret, { domain: 'mask', sid, root, pair: [1, 0] }),
    ];
    expect(new Set(keys.map(bytesToHex)).size).toBe(keys.length);
  });
});
