import * as fc from 'fast-check';
import * as audited from 'shamir-secret-sharing';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { divide, multiply } from './gf65536.ts';
import { combine, decodeWithErrors, split, weightsAtZero, type Share } from './shamir.ts';

const secret32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const rebuild = (shares: readonly Share[]) =>
  combine(
    shares.map((share) => share.bytes),
    weightsAtZero(shares.map((share) => share.x)),
  );
const spoil = (share: Share): Share => ({ x: share.x, bytes: share.bytes.map((byte) => byte ^ 0x5a) });

/** Carry-less multiplication and reduction bit by bit: independent of the tables. */
function slowMultiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 15; bit >= 0; bit--) {
    product <<= 1;
    if (product & 0x10000) product ^= 0x1100b;
    if ((b >> bit) & 1) product ^= a;
  }
  return product;
}

describe('GF(2^16)', () => {
  it('multiplies as the bit-by-bit definition does, and divides back', () => {
    const element = fc.integer({ min: 0, max: 65_535 });
    fc.assert(
      fc.property(element, element, (a, b) => {
        expect(multiply(a, b)).toBe(slowMultiply(a, b));
        if (b !== 0) expect(divide(multiply(a, b), b)).toBe(a);
      }),
    );
  });
});

describe('Shamir shares', () => {
  it('any t of n rebuild the secret', () => {
    fc.assert(
      fc.property(
        secret32,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 20 }),
        fc.nat(),
        (secret, t, extra, seed) => {
          const shares = split(secret, t, upTo(t + extra), seededRandom(`shamir ${seed}`));
          const chosen =
            fc.sample(fc.shuffledSubarray(shares, { minLength: t, maxLength: t }), { numRuns: 1, seed })[0] ??
            [];
          expect(rebuild(chosen)).toEqual(secret);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    [3, 2],
    [5, 3],
    [9, 6],
  ])(
    'of %i with t = %i give what the audited sharing over GF(2^8) gives: t the secret, t − 1 not',
    async (n, t) => {
      const secret = seededRandom(`audited ${n}`)(32);
      const ours = split(secret, t, upTo(n), seededRandom(`ours ${n}`));
      const theirs = await audited.split(secret, n, t);
      for (let from = 0; from + t <= n; from++) {
        expect(rebuild(ours.slice(from, from + t))).toEqual(secret);
        expect(await audited.combine(theirs.slice(from, from + t))).toEqual(secret);
        expect(rebuild(ours.slice(from, from + t - 1))).not.toEqual(secret);
        if (t > 2) expect(await audited.combine(theirs.slice(from, from + t - 1))).not.toEqual(secret);
      }
    },
  );

  it('t − 1 shares fit every secret: some polynomial leads from them to any other value', () => {
    fc.assert(
      fc.property(secret32, secret32, fc.integer({ min: 2, max: 8 }), (secret, other, t) => {
        const shares = split(secret, t, upTo(t), seededRandom('hiding'));
        const known = shares.slice(1);
        // Interpolate through (0, other) and the known shares: the share at x = 1 that would give `other`.
        const xs = [...known.map((share) => share.x), 1];
        const weights = weightsAtZero(xs);
        const last = weights.at(-1) ?? 0;
        const partial = combine(
          known.map((share) => share.bytes),
          weights.slice(0, -1),
        );
        const missing = new Uint8Array(32);
        const [p, o, m] = [partial, other, missing].map(
          (bytes) => new DataView(bytes.buffer, bytes.byteOffset),
        );
        for (let i = 0; i < 16; i++)
          m?.setUint16(
            2 * i,
            divide((o?.getUint16(2 * i, true) ?? 0) ^ (p?.getUint16(2 * i, true) ?? 0), last),
            true,
          );
        expect(rebuild([...known, { x: 1, bytes: missing }])).toEqual(other);
      }),
      { numRuns: 30 },
    );
  });

  it('one share too few gives another value, never the secret', () => {
    const secret = seededRandom('secret')(32);
    const shares = split(secret, 4, upTo(6), seededRandom('coefficients'));
    expect(rebuild(shares.slice(0, 3))).not.toEqual(secret);
    expect(rebuild(shares.slice(0, 4))).toEqual(secret);
  });

  it('decodes with up to ⌊(m − t)/2⌋ wrong shares and names them', () => {
    fc.assert(
      fc.property(
        secret32,
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 0, max: 5 }),
        fc.nat(),
        (secret, t, errors, seed) => {
          const shares = split(secret, t, upTo(t + 2 * errors), seededRandom(`errors ${seed}`));
          const wrong =
            fc.sample(fc.shuffledSubarray(shares, { minLength: errors, maxLength: errors }), {
              numRuns: 1,
              seed,
            })[0] ?? [];
          const received = shares.map((share) => (wrong.includes(share) ? spoil(share) : share));
          const decoded = decodeWithErrors(received, t);
          expect(decoded.ok && decoded.value.secret).toEqual(secret);
          expect(decoded.ok && [...decoded.value.wrong].toSorted((a, b) => a - b)).toEqual(
            wrong.map((share) => share.x).toSorted((a, b) => a - b),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('one wrong share more is a fault, and so are too few shares', () => {
    const shares = split(seededRandom('s')(32), 3, upTo(7), seededRandom('c'));
    expect(decodeWithErrors([...shares.slice(0, 3).map(spoil), ...shares.slice(3)], 3).ok).toBe(false);
    expect(decodeWithErrors(shares.slice(0, 2), 3)).toEqual({ ok: false, fault: '2 shares, 3 needed' });
  });

  it('rejects a secret of another length, x = 0, the same x twice, and a threshold above the holders', () => {
    const random = seededRandom('r');
    expect(() => split(new Uint8Array(31), 1, [1], random)).toThrow(/secret: 31 bytes/);
    expect(() => split(new Uint8Array(32), 1, [0], random)).toThrow(/x = 0/);
    expect(() => split(new Uint8Array(32), 1, [4, 4], random)).toThrow(/same x twice/);
    expect(() => split(new Uint8Array(32), 3, [1, 2], random)).toThrow(/threshold: 3 of 2/);
  });
});
