import { describe, expect, it } from 'vitest';
import { utf8ToBytes } from '../base/bytes.ts';
import { murmur3 } from './murmur3.ts';

describe('MurmurHash3_x86_32', () => {
  it('gives SMHasher’s verification value, over keys of 0 to 255 bytes and as many seeds', () => {
    // VerificationTest of SMHasher: key i is the bytes 0..i-1 under the seed 256 - i; then the hash of all hashes.
    const hashes = new Uint8Array(1024);
    const view = new DataView(hashes.buffer);
    for (let i = 0; i < 256; i++)
      view.setUint32(
        4 * i,
        murmur3(
          Uint8Array.from({ length: i }, (_, at) => at),
          256 - i,
        ),
        true,
      );
    expect(murmur3(hashes, 0)).toBe(0xb0f57ee3);
  });

  it.each([
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['test', 0, 0xba6bd213],
    ['Hello, world!', 0, 0xc0363e43],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
  ])('gives the known value of "%s" under seed %i', (text, seed, expected) => {
    expect(murmur3(utf8ToBytes(text), seed)).toBe(expected);
  });

  it('reads a view that begins in the middle of its buffer', () => {
    const around = utf8ToBytes('..test..');
    expect(murmur3(around.subarray(2, 6), 0)).toBe(0xba6bd213);
  });
});
