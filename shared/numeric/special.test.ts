import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import {
  binomialUpperTail,
  log1pExp,
  logAbsGamma,
  logBinomial,
  logErfc,
  logExpm1,
  logScaledBesselI,
  logSumExp,
  normalQuantile,
  normalUpperTail,
} from './special.ts';

/** Relative, since many of these are tiny or huge. */
const error = (actual: number, expected: number): number => Math.abs(actual / expected - 1);

describe('special functions', () => {
  it('log erfc stays finite where erfc underflows, and keeps its digits near 0', () => {
    // 50 digits by mpmath.
    expect(error(logErfc(50), -2504.484587848451)).toBeLessThanOrEqual(1e-14);
    expect(error(logErfc(1e-10), -1.1283791671592e-10)).toBeLessThanOrEqual(1e-12);
    expect(error(logErfc(-3), 0.6931361352504468)).toBeLessThanOrEqual(1e-14);
  });

  it('the quantile inverts the normal tail from 1e-300 to 0.5', () => {
    // The tail's relative error is x² times that of x: 1,373 times at 1e-300.
    for (const p of [1e-300, 1e-20, 1e-5, 0.1, 0.49]) {
      expect(error(normalUpperTail(-normalQuantile(p)), p)).toBeLessThanOrEqual(2e-10);
    }
  });

  it('Γ changes its sign at every pole', () => {
    expect([2.5, -0.5, -1.5, -2.5].map((x) => logAbsGamma(x).sign)).toEqual([1, -1, 1, -1]);
    expect(error(logAbsGamma(5).logAbs, Math.log(24))).toBeLessThanOrEqual(1e-15);
  });

  it('binomial coefficients and tails agree with sums by hand', () => {
    expect(error(Math.exp(logBinomial(10, 3)), 120)).toBeLessThanOrEqual(1e-13);
    // P[Binomial(4, ½) > 2] = (4 + 1)/16.
    expect(error(binomialUpperTail(4, 0.5, 2), 5 / 16)).toBeLessThanOrEqual(1e-14);
    expect([binomialUpperTail(4, 0.5, -1), binomialUpperTail(4, 0.5, 4)]).toEqual([1, 0]);
  });

  it('logarithms of sums neither overflow nor cancel', () => {
    expect(error(logSumExp([1000, 1000]), 1000 + Math.LN2)).toBeLessThanOrEqual(1e-15);
    expect(logSumExp([])).toBe(-Infinity);
    expect(logSumExp([-Infinity, 3])).toBe(3);
    expect(logSumExp([1, Infinity])).toBe(Infinity);
    expect(error(logExpm1(1e-12), Math.log(1e-12))).toBeLessThanOrEqual(1e-12);
    expect(error(logExpm1(800), 800)).toBeLessThanOrEqual(1e-15);
    expect(error(log1pExp(-40), Math.exp(-40))).toBeLessThanOrEqual(1e-12);
    expect(error(log1pExp(800), 800)).toBeLessThanOrEqual(1e-15);
  });
});

describe('the scaled Bessel function', () => {
  it('satisfies I_(k−1)(v) − I_(k+1)(v) = (2k/v)·I_k(v) on both of its branches', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000 }),
        fc.double({ min: 0.1, max: 1e5, noNaN: true }),
        (k, v) => {
          const base = logScaledBesselI(k, v);
          const left =
            Math.exp(logScaledBesselI(k - 1, v) - base) - Math.exp(logScaledBesselI(k + 1, v) - base);
          // The difference of two numbers near 1 loses v/k of its digits.
          const right = (2 * k) / v;
          expect(Math.abs(left - right)).toBeLessThanOrEqual(1e-10 * Math.max(1, right));
        },
      ),
      { seed: 5, numRuns: 300 },
    );
  });

  it('sums to 1 over all integers: e^(−v)(I₀ + 2ΣI_k) = 1', () => {
    for (const v of [0.01, 1, 30, 900, 1_100, 20_000]) {
      let sum = Math.exp(logScaledBesselI(0, v));
      for (let k = 1; k <= 10 * Math.sqrt(v) + 30; k++) sum += 2 * Math.exp(logScaledBesselI(k, v));
      expect(error(sum, 1)).toBeLessThanOrEqual(1e-12);
    }
  });

  it('is continuous where the expansion takes over from the recurrence', () => {
    for (const order of [0, 1, 50, 400]) {
      const v = Math.sqrt(1_000 ** 2 - order ** 2);
      const below = logScaledBesselI(order, v * (1 - 1e-13));
      expect(error(logScaledBesselI(order, v * (1 + 1e-13)), below)).toBeLessThanOrEqual(1e-12);
    }
  });

  it('without argument has its mass at order 0', () => {
    expect([logScaledBesselI(0, 0), logScaledBesselI(3, 0)]).toEqual([0, -Infinity]);
  });
});
