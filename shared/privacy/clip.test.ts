import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clipToNorm, l2Norm } from './clip.ts';

const floats = fc.float32Array({ minLength: 1, maxLength: 200, noNaN: true, noDefaultInfinity: true });

describe('clipping', () => {
  it('shortens to the norm and keeps the direction', () => {
    const vector = Float32Array.of(3, -4, 0);
    clipToNorm(vector, 1);
    expect([...vector].map((x) => Math.round(x * 1e6) / 1e6)).toEqual([0.6, -0.8, 0]);
  });

  it('leaves what is short enough as it is, and never leaves more than the norm but for rounding', () => {
    fc.assert(
      fc.property(floats, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (vector, clipNorm) => {
        const before = vector.slice();
        const norm = l2Norm(before);
        clipToNorm(vector, clipNorm);
        if (norm <= clipNorm) expect(vector).toEqual(before);
        else expect(l2Norm(vector)).toBeLessThanOrEqual(clipNorm * (1 + 1e-6));
      }),
      { seed: 1 },
    );
  });

  it('does not overflow on the largest floats', () => {
    const vector = new Float32Array(1_000).fill(3.4e38);
    clipToNorm(vector, 2);
    expect(l2Norm(vector)).toBeCloseTo(2, 5);
  });

  it('makes zeros of a vector with a lane that is not finite', () => {
    for (const wrong of [NaN, Infinity, -Infinity]) {
      const vector = Float32Array.of(1, wrong, 2);
      clipToNorm(vector, 1);
      expect([...vector]).toEqual([0, 0, 0]);
    }
  });

  it('rejects a norm that is not above 0', () => {
    for (const clipNorm of [0, -1, NaN])
      expect(() => clipToNorm(Float32Array.of(1), clipNorm)).toThrow('clipNorm');
  });
});
