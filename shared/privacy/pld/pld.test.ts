import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gaussianDelta, gaussianEpsilon } from '../gaussian.ts';
import { composeCurves, epsilonOfCurve } from '../rdp/conversion.ts';
import type { PrivacyEvent } from '../rdp/events.ts';
import { poissonGaussianRdp } from '../rdp/gaussian.ts';
import { DEFAULT_ORDERS } from '../rdp/orders.ts';
import { deltasByLosses, epsilonByLosses } from './accountant.ts';
import { deltaOfLosses } from './loss-distribution.ts';
import { poissonGaussianLosses } from './mechanisms.ts';

const gaussian = (sigma: number, count: number, q = 1): PrivacyEvent => ({
  kind: 'poisson-gaussian',
  q,
  sigma,
  count,
});

describe('privacy loss distributions', () => {
  it('come from above within 1e-3 of the exact Gaussian, whatever σ and steps', () => {
    const sigmas = fc.double({ min: 0.3, max: 30, noNaN: true });
    fc.assert(
      fc.property(sigmas, fc.integer({ min: 1, max: 500 }), (sigma, steps) => {
        const exact = gaussianEpsilon(sigma / Math.sqrt(steps), 1e-5);
        const counted = epsilonByLosses([gaussian(sigma, steps)], 1e-5);
        expect(counted).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
        expect(counted).toBeLessThanOrEqual(exact * (1 + 1e-3) + 2e-5);
      }),
      { seed: 3, numRuns: 25 },
    );
  });

  it('hold for losses beyond the range of a double', () => {
    const exact = gaussianEpsilon(0.01, 1e-5);
    const counted = epsilonByLosses([gaussian(0.01, 1)], 1e-5);
    expect(counted / exact).toBeGreaterThanOrEqual(1);
    expect(counted / exact).toBeLessThan(1.001);
  });

  it('on the grid every δ is the exact one, between grid points it is above', () => {
    const both = poissonGaussianLosses(1, 2, 0.25);
    for (const epsilon of [0, 0.25, 1, 1.75]) {
      const exact = gaussianDelta(2, epsilon);
      expect(deltaOfLosses(both?.remove ?? failed(), epsilon)).toBeCloseTo(exact, 14);
      const between = epsilon + 0.1;
      expect(deltaOfLosses(both?.add ?? failed(), between)).toBeGreaterThan(gaussianDelta(2, between));
    }
  });

  it('report no more than Rényi divergences do', () => {
    for (const [q, sigma, steps] of [
      [0.01, 0.8, 1_000],
      [0.1, 1, 20],
      [0.5, 5, 100],
    ] as const) {
      const rdp = poissonGaussianRdp(q, sigma, DEFAULT_ORDERS);
      const renyi = epsilonOfCurve(composeCurves(DEFAULT_ORDERS, [{ rdp, count: steps }]), 1e-6).epsilon;
      const losses = epsilonByLosses([gaussian(sigma, steps, q)], 1e-6);
      expect(losses).toBeLessThan(renyi);
      expect(losses).toBeGreaterThan(0.5 * renyi);
    }
  });

  it('fall with σ and δ, rise with steps and with every further event', () => {
    const epsilon = (sigma: number, steps: number, delta: number): number =>
      epsilonByLosses([gaussian(sigma, steps, 0.05)], delta);
    const base = epsilon(1, 50, 1e-5);
    expect(epsilon(1.1, 50, 1e-5)).toBeLessThan(base);
    expect(epsilon(1, 60, 1e-5)).toBeGreaterThan(base);
    expect(epsilon(1, 50, 1e-4)).toBeLessThan(base);
    const laplace: PrivacyEvent = { kind: 'laplace', scale: 10, count: 1 };
    expect(epsilonByLosses([gaussian(1, 50, 0.05), laplace], 1e-5)).toBeGreaterThan(base);
  });

  it('one randomised response has the δ of its definition', () => {
    const event: PrivacyEvent = { kind: 'approximate', epsilon: 1, delta: 1e-3, count: 1 };
    const [atHalf, atOne] = deltasByLosses([event], [0.5, 1]);
    const truth = (1 - 1e-3) / (1 + Math.exp(-1));
    const atHalfByHand = 1e-3 + truth * -Math.expm1(-0.5);
    expect((atHalf ?? NaN) / atHalfByHand).toBeCloseTo(1, 3);
    expect(atHalf).toBeGreaterThanOrEqual(atHalfByHand);
    expect((atOne ?? NaN) / 1e-3).toBeCloseTo(1, 1);
    expect(atOne).toBeGreaterThanOrEqual(1e-3);
  });

  it('answer 0 where nothing is released and ∞ where nothing protects', () => {
    expect(epsilonByLosses([], 1e-5)).toBe(0);
    expect(epsilonByLosses([gaussian(1, 0), gaussian(1, 5, 0), gaussian(Infinity, 3)], 1e-5)).toBe(0);
    expect(epsilonByLosses([gaussian(0, 1)], 1e-5)).toBe(Infinity);
    expect(epsilonByLosses([gaussian(1, 1)], 0)).toBe(Infinity);
    expect(epsilonByLosses([{ kind: 'laplace', scale: 4, count: 3 }], 0)).toBe(0.75);
    expect(deltasByLosses([gaussian(0, 1)], [1])).toEqual([1]);
  });

  it('refuse what is no mechanism', () => {
    expect(() => epsilonByLosses([gaussian(-1, 1)], 1e-5)).toThrow(/sigma:/);
    expect(() => epsilonByLosses([gaussian(1, 1, 2)], 1e-5)).toThrow(/q:/);
    expect(() => epsilonByLosses([gaussian(1, 1.5)], 1e-5)).toThrow(/count:/);
    expect(() => epsilonByLosses([gaussian(1, 1)], NaN)).toThrow(/delta:/);
    expect(() => deltasByLosses([gaussian(1, 1)], [-1])).toThrow(/epsilon:/);
  });
});

function failed(): never {
  throw new Error('the grid is too long');
}
