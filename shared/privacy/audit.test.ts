import { describe, expect, it } from 'vitest';
import { clopperPearson, oneRunEpsilon, oneRunGaussianEpsilon, oneRunPValue } from './audit.ts';

describe('audits', () => {
  const guesses = { canaries: 100, guessed: 100, correct: 80 };

  it('the refuted ε is where the p-value crosses the significance', () => {
    const epsilon = oneRunEpsilon(guesses, 1e-5, 0.05);
    expect(oneRunPValue(guesses, epsilon * 0.999, 1e-5)).toBeLessThanOrEqual(0.05);
    expect(oneRunPValue(guesses, epsilon * 1.001, 1e-5)).toBeGreaterThan(0.05);
    expect(oneRunGaussianEpsilon(guesses, 1e-5, 0.05)).toBeGreaterThan(epsilon);
    expect(oneRunEpsilon({ ...guesses, correct: 50 }, 0, 0.05)).toBe(0);
  });

  it('better guesses refute more; guesses that cannot be are refused', () => {
    const refuted = [60, 70, 80, 90].map((correct) => oneRunEpsilon({ ...guesses, correct }, 1e-5, 0.05));
    expect(refuted).toEqual(refuted.toSorted((a, b) => a - b));
    expect(() => oneRunPValue({ ...guesses, correct: 101 }, 1, 0)).toThrow(/correct:/);
    expect(() => oneRunPValue({ ...guesses, guessed: 101 }, 1, 0)).toThrow(/guesses:/);
  });

  it('Clopper–Pearson of none and of all are closed forms', () => {
    expect(clopperPearson(10, 0, 0.05).upper).toBeCloseTo(1 - 0.05 ** 0.1, 14);
    expect(clopperPearson(10, 0, 0.05).lower).toBe(0);
    expect(clopperPearson(10, 10, 0.05).lower).toBeCloseTo(0.05 ** 0.1, 14);
    expect(() => clopperPearson(10, 11, 0.05)).toThrow(/k:/);
  });
});
