import { describe, expect, it } from 'vitest';
import { permutation, randomInteger, seededRandom, systemRandom } from './random.ts';

describe('seededRandom', () => {
  it('gives one stream a label, and another for another label', () => {
    const [a, b, c] = [seededRandom('a'), seededRandom('a'), seededRandom('b')];
    const [first, second] = [a(32), a(32)];
    expect(b(32)).toEqual(first);
    expect(b(32)).toEqual(second);
    expect(second).not.toEqual(first);
    expect(c(32)).not.toEqual(first);
  });
});

describe('systemRandom', () => {
  it('does not repeat', () => {
    expect(systemRandom(32)).not.toEqual(systemRandom(32));
  });
});

describe('randomInteger', () => {
  it('rejects the words above the last multiple of the bound, which would favour small results', () => {
    const words = [0xffffffff, 0xfffffffe, 5];
    const scripted = () => new Uint8Array(Uint32Array.of(words.shift() ?? 0).buffer);
    expect(randomInteger(scripted, 2 ** 32 - 2)).toBe(5);
    expect(words).toEqual([]);
  });

  it.each([0, -1, 1.5, 2 ** 32 + 1])('rejects a bound of %s', (bound) => {
    expect(() => randomInteger(systemRandom, bound)).toThrow(RangeError);
  });
});

describe('permutation', () => {
  it('holds each index once, and each order of three equally often', () => {
    const random = seededRandom('permutation');
    expect([...permutation(random, 100)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, index) => index),
    );
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = permutation(random, 3).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // 5 standard deviations of a count: √(6000 · 1/6 · 5/6) = 28.9.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(145);
  });
});
