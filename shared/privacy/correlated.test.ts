import { describe, expect, it } from 'vitest';
import { toeplitzMechanism } from './toeplitz.ts';
import { restartedTreeSensitivity, treeSensitivity } from './tree.ts';

describe('correlated noise', () => {
  /** Every pattern of participation, one by one. */
  function worstByEnumeration(steps: number, most: number, separation: number): number {
    let worst = 0;
    for (let pattern = 1; pattern < 2 ** steps; pattern++) {
      const times = Array.from({ length: steps }, (_, i) => i).filter((i) => (pattern >> i) & 1);
      if (times.length > most || times.some((t, i) => i > 0 && t - (times[i - 1] ?? 0) <= separation))
        continue;
      let sum = 0;
      for (let size = 1; size <= steps; size *= 2) {
        for (let start = 0; start + size <= steps; start += size) {
          sum += times.filter((t) => t >= start && t < start + size).length ** 2;
        }
      }
      worst = Math.max(worst, sum);
    }
    return worst;
  }

  it('the tree programme finds what enumeration finds', () => {
    for (const steps of [1, 5, 8, 11, 12]) {
      for (const most of [1, 2, 3, 20]) {
        for (const separation of [0, 1, 3, 6]) {
          expect(treeSensitivity({ steps, most, separation })).toBe(
            worstByEnumeration(steps, most, separation),
          );
        }
      }
    }
  });

  it('a restarted tree has one complete node a level', () => {
    expect([1, 7, 8, 1_000].map((steps) => restartedTreeSensitivity([steps]))).toEqual([1, 3, 4, 10]);
    expect(restartedTreeSensitivity([16, 16, 0])).toBe(10);
    expect(() => restartedTreeSensitivity([])).toThrow(/steps_list:/);
    expect(() => restartedTreeSensitivity([1.5])).toThrow(/steps_list:/);
    expect(() => treeSensitivity({ steps: 8, most: 0, separation: 0 })).toThrow(/max_participation:/);
  });

  it('C and its inverse multiply to 1, and a full-width C has C² = A', () => {
    const rounds = 12;
    const { coefficients, noisingCoefficients } = toeplitzMechanism({
      rounds,
      bands: 12,
      separation: 12,
      most: 1,
    });
    const product = (a: readonly number[], b: readonly number[], n: number): number =>
      a.reduce((sum, value, i) => sum + (i <= n ? value * (b[n - i] ?? 0) : 0), 0);
    for (let n = 0; n < rounds; n++) {
      expect(product(coefficients, noisingCoefficients, n)).toBeCloseTo(n === 0 ? 1 : 0, 14);
      expect(product(coefficients, coefficients, n)).toBeCloseTo(1, 14);
    }
  });

  it('columns that overlap add up: bands wider than the separation cost more than apart', () => {
    const plan = { rounds: 32, bands: 8, separation: 8, most: 3 };
    const apart = toeplitzMechanism(plan);
    expect(apart.sensitivity).toBeCloseTo(Math.sqrt(3) * apart.singleParticipationSensitivity, 14);
    expect(toeplitzMechanism({ ...plan, separation: 4 }).sensitivity).toBeGreaterThan(apart.sensitivity);
  });
});
