import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bisect, mostWithin } from './bisection.ts';

const small = fc.integer({ min: 0, max: 10_000 });

describe('bisection', () => {
  it('finds the one place where the answer changes, upwards and downwards', () => {
    fc.assert(
      fc.property(fc.uniqueArray(small, { minLength: 3, maxLength: 3 }), (values) => {
        const [low = 0, edge = 0, high = 0] = values.toSorted((a, b) => a - b);
        expect(bisect(low, high, (value) => value >= edge)).toBe(edge);
        expect(bisect(high, low, (value) => value <= edge)).toBe(edge);
      }),
    );
  });

  it('asks neither of the two ends, nor of any number twice', () => {
    const asked: number[] = [];
    bisect(3, 1_000, (value) => {
      asked.push(value);
      return value > 400;
    });
    expect(new Set(asked).size).toBe(asked.length);
    expect(asked).not.toContain(3);
    expect(asked).not.toContain(1_000);
  });

  it('the most that fits is the end where that fits, the least where nothing more does', () => {
    fc.assert(
      fc.property(small, small, small, (one, other, limit) => {
        const [least, most] = [Math.min(one, other), Math.max(one, other)];
        const fits = (value: number) => value <= limit;
        expect(mostWithin(least, most, fits)).toBe(Math.max(least, Math.min(most, limit)));
      }),
    );
  });
});
