import { describe, expect, it } from 'vitest';
import { bracketRoot } from './roots.ts';

describe('bracketing a root', () => {
  it('closes in on √2 from both sides', () => {
    const { low, high } = bracketRoot((x) => x ** 2 - 2, { low: 0, high: 10 });
    expect(low).toBeLessThanOrEqual(Math.SQRT2);
    expect(high).toBeGreaterThanOrEqual(Math.SQRT2);
    expect(high - low).toBeLessThanOrEqual(1e-14);
  });

  it('keeps the sign change between its ends for a jump and a flat root', () => {
    const jump = (x: number): number => (x < 3 ? -1 : 1);
    const { low, high } = bracketRoot(jump, { low: 0, high: 10 });
    expect([jump(low), jump(high)]).toEqual([-1, 1]);
    const flat = bracketRoot((x) => (x - 1) ** 9, { low: -2, high: 5 });
    expect(flat.low).toBeCloseTo(1, 2);
  });

  it('needs few evaluations for a smooth function', () => {
    let count = 0;
    bracketRoot(
      (x) => {
        count++;
        return Math.exp(x) - 5;
      },
      { low: -10, high: 10 },
    );
    expect(count).toBeLessThan(30);
  });

  it('takes an end that is a root, and refuses ends of one sign', () => {
    expect(bracketRoot((x) => x, { low: 0, high: 1 })).toEqual({ low: 0, high: 0 });
    expect(() => bracketRoot((x) => x ** 2 + 1, { low: -1, high: 1 })).toThrow(RangeError);
    expect(() => bracketRoot(() => NaN, { low: -1, high: 1 })).toThrow(RangeError);
  });
});
