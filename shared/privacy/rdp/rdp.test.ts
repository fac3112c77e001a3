import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeCurves, deltaOfCurve, epsilonOfCurve } from './conversion.ts';
import { epsilonOfEvents } from './events.ts';
import { fixedSizeGaussianRdp } from './fixed-size-sampling.ts';
import { gaussianRdp, poissonGaussianRdp } from './gaussian.ts';
import { sampledRdp } from './generic-sampling.ts';
import { discreteLaplaceRdp, laplaceRdp } from './laplace.ts';
import { DEFAULT_ORDERS, INTEGER_ORDERS } from './orders.ts';

const sigmas = fc.double({ min: 0.2, max: 50, noNaN: true });
const rates = fc.double({ min: 1e-4, max: 0.99, noNaN: true });
const options = { seed: 11, numRuns: 60 };

function epsilonAt(q: number, sigma: number, steps: number, delta: number): number {
  const rdp = poissonGaussianRdp(q, sigma, INTEGER_ORDERS);
  return epsilonOfCurve(composeCurves(INTEGER_ORDERS, [{ rdp, count: steps }]), delta).epsilon;
}

describe('ε by Rényi divergences', () => {
  it('falls with σ and δ, and rises with steps and the sampling rate', () => {
    fc.assert(
      fc.property(rates, sigmas, fc.integer({ min: 1, max: 1_000 }), (q, sigma, steps) => {
        const epsilon = epsilonAt(q, sigma, steps, 1e-5);
        expect(epsilonAt(q, 1.1 * sigma, steps, 1e-5)).toBeLessThanOrEqual(epsilon);
        expect(epsilonAt(q, sigma, steps, 1e-4)).toBeLessThanOrEqual(epsilon);
        expect(epsilonAt(q, sigma, steps + 1, 1e-5)).toBeGreaterThanOrEqual(epsilon);
        expect(epsilonAt(Math.min(1, 1.1 * q), sigma, steps, 1e-5)).toBeGreaterThanOrEqual(epsilon);
      }),
      options,
    );
  });

  it('is ∞ without noise or δ, 0 without steps, and refuses what is no setting', () => {
    expect(epsilonAt(1, 0, 1, 1e-5)).toBe(Infinity);
    expect(epsilonAt(0.1, 0, 1, 1e-5)).toBe(Infinity);
    expect(epsilonAt(0.1, 1, 1, 0)).toBe(Infinity);
    expect(epsilonAt(0.1, 1, 0, 1e-5)).toBe(0);
    expect(epsilonAt(0, 1, 5, 1e-5)).toBe(0);
    for (const q of [-0.1, 1.1, NaN]) expect(() => epsilonAt(q, 1, 1, 1e-5)).toThrow(/q:/);
    for (const sigma of [-1, NaN]) expect(() => epsilonAt(1, sigma, 1, 1e-5)).toThrow(/sigma:/);
    for (const delta of [-1, NaN]) expect(() => epsilonAt(1, 1, 1, delta)).toThrow(/delta:/);
    expect(() => epsilonOfCurve({ orders: [0.5], rdp: [1] }, 0.1)).toThrow(/orders:/);
    expect(() => epsilonOfCurve({ orders: [2], rdp: [-1] }, 0.1)).toThrow(/rdp:/);
    expect(() => epsilonOfCurve({ orders: [2, 3], rdp: [1] }, 0.1)).toThrow(/rdp:/);
  });

  it('the δ at the ε of a δ is no larger than it', () => {
    fc.assert(
      fc.property(sigmas, fc.double({ min: 1e-9, max: 0.1, noNaN: true }), (sigma, delta) => {
        const curve = { orders: DEFAULT_ORDERS, rdp: gaussianRdp(sigma, DEFAULT_ORDERS) };
        const { epsilon } = epsilonOfCurve(curve, delta);
        expect(deltaOfCurve(curve, epsilon).delta).toBeLessThanOrEqual(delta * (1 + 1e-9));
      }),
      options,
    );
  });

  it('failures of (ε, δ) releases come out of δ, and eat it up', () => {
    const failing = { kind: 'approximate', epsilon: 0.1, delta: 6e-6, count: 1 } as const;
    expect(epsilonOfEvents([failing], INTEGER_ORDERS, 1e-5).epsilon).toBeGreaterThan(0.09);
    expect(epsilonOfEvents([{ ...failing, count: 2 }], INTEGER_ORDERS, 1e-5).epsilon).toBe(Infinity);
  });
});

describe('the sampled Gaussian', () => {
  it('at fractional orders lies between its neighbours: (α−1)·D is convex and increasing', () => {
    fc.assert(
      fc.property(rates, sigmas, fc.integer({ min: 2, max: 30 }), (q, sigma, order) => {
        const orders = [order, order + 0.5, order + 1];
        const [low, middle, high] = poissonGaussianRdp(q, sigma, orders).map(
          (r, i) => r * ((orders[i] ?? NaN) - 1),
        );
        expect(middle).toBeGreaterThanOrEqual((low ?? NaN) * (1 - 1e-9));
        expect(middle).toBeLessThanOrEqual((((low ?? NaN) + (high ?? NaN)) / 2) * (1 + 1e-9));
      }),
      options,
    );
  });

  it('by quadrature meets the closed form beside an integer', () => {
    for (const [q, sigma] of [
      [0.01, 0.5],
      [0.1, 1],
      [0.5, 8],
      [1e-3, 30],
      [0.2, 0.05],
    ] as const) {
      const [exact, beside] = poissonGaussianRdp(q, sigma, [5, 5 + 1e-9]);
      expect(Math.abs((beside ?? NaN) / (exact ?? NaN) - 1)).toBeLessThan(1e-6);
    }
  });

  it('at order 2 is log(1 + q²(e^(1/σ²) − 1)), to the last digits of a tiny value', () => {
    for (const [q, sigma] of [
      [1e-6, 20],
      [0.01, 1],
      [0.5, 3],
    ] as const) {
      const [r] = poissonGaussianRdp(q, sigma, [2]);
      expect(r).toBeCloseTo(Math.log1p(q ** 2 * Math.expm1(1 / sigma ** 2)), 15);
      expect((r ?? NaN) / Math.log1p(q ** 2 * Math.expm1(1 / sigma ** 2))).toBeCloseTo(1, 11);
    }
  });

  it('is never more than the whole mechanism, nor than the generic bound', () => {
    fc.assert(
      fc.property(rates, sigmas, fc.integer({ min: 2, max: 40 }), (q, sigma, order) => {
        const [exact] = poissonGaussianRdp(q, sigma, [order]);
        const whole = order / (2 * sigma ** 2);
        expect(exact).toBeLessThanOrEqual(whole * (1 + 1e-12));
        const generic = sampledRdp(order, q, (a) => a / (2 * sigma ** 2));
        expect(exact).toBeLessThanOrEqual(generic * (1 + 1e-9) + 1e-14);
        const sharper = sampledRdp(order, q, (a) => a / (2 * sigma ** 2), 'non-negative ternary divergences');
        expect(sharper).toBeLessThanOrEqual(generic * (1 + 1e-9) + 1e-14);
      }),
      options,
    );
  });
});

describe('fixed-size samples', () => {
  it('at order 2 is the bound of the paper by hand', () => {
    const [q, sigma] = [0.1, 2];
    const bound = Math.min(4 * Math.expm1(1 / sigma ** 2), 2 * Math.exp(1 / sigma ** 2));
    expect(fixedSizeGaussianRdp(q, sigma, [2])[0]).toBeCloseTo(Math.log1p(q ** 2 * bound), 14);
  });

  it('between integers interpolates, beyond 256 still answers, and the whole set is no sample', () => {
    const [low, middle, high] = fixedSizeGaussianRdp(0.1, 4, [3, 3.5, 4]);
    expect(2.5 * (middle ?? NaN)).toBeCloseTo((2 * (low ?? NaN) + 3 * (high ?? NaN)) / 2, 13);
    expect(fixedSizeGaussianRdp(0.1, 4, [300])[0]).toBeGreaterThan(
      fixedSizeGaussianRdp(0.1, 4, [256])[0] ?? NaN,
    );
    expect(fixedSizeGaussianRdp(1, 4, [8])).toEqual([0.25]);
    expect(fixedSizeGaussianRdp(0, 4, [8])).toEqual([0]);
  });
});

describe('Laplace noise', () => {
  it('tends to the KL divergence at order 1 and to pure ε at ∞', () => {
    const [kl, near, far] = laplaceRdp(2, [1, 1 + 1e-7, Infinity]);
    expect(near).toBeCloseTo(kl ?? NaN, 6);
    expect(far).toBe(0.5);
  });

  it('discrete noise on a bit is randomised response, the worst of all with its ε', () => {
    const epsilon = 0.7;
    const [response] = discreteLaplaceRdp(epsilon, 1, [3]);
    const truth = 1 / (1 + Math.exp(-epsilon));
    const moment = truth * Math.exp(2 * epsilon) + (1 - truth) * Math.exp(-2 * epsilon);
    expect(response).toBeCloseTo(Math.log(moment) / 2, 14);
    expect(response).toBeGreaterThan(laplaceRdp(1 / epsilon, [3])[0] ?? NaN);
    expect(discreteLaplaceRdp(epsilon / 50, 50, [3])[0]).toBeLessThan(response ?? NaN);
  });
});
