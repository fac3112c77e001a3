import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base64UrlToBytes, bytesToBase64Url, u32be } from './bytes.ts';

describe('u32be', () => {
  it('is big-endian over the whole range', () => {
    expect([...u32be(0x01020304)]).toEqual([1, 2, 3, 4]);
    expect([...u32be(0xffffffff)]).toEqual([255, 255, 255, 255]);
  });

  it.each([-1, 2 ** 32, 1.5, NaN])('rejects %s', (value) => {
    expect(() => u32be(value)).toThrow(RangeError);
  });
});

describe('base64url', () => {
  it('gives back the bytes, in an alphabet that a URL fragment keeps', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const text = bytesToBase64Url(bytes);
        expect(text).toMatch(/^[A-Za-z0-9_-]*$/);
        expect(base64UrlToBytes(text)).toEqual(bytes);
      }),
      { numRuns: 300, seed: 31 },
    );
  });

  it.each(['+', 'a b', '=', 'ü'])('rejects %j', (text) => {
    expect(() => base64UrlToBytes(text)).toThrow(RangeError);
  });
});
