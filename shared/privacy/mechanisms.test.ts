import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { updateNoiseMultiplier } from './adaptive-clip.ts';
import { localStdDevAtScale, sigmaByLosses, sigmaByRdp } from './calibrate.ts';
import {
  discreteGaussianCdf,
  discreteGaussianDelta,
  discreteGaussianPmf,
  discreteGaussianVariance,
} from './discrete-gaussian.ts';
import type { DistributedMechanism } from './distributed.ts';
import { convolutionGap, discreteGaussianSumRdp, distributedEpsilon } from './distributed.ts';
import { gaussianDelta, gaussianEpsilon, gaussianSigma } from './gaussian.ts';
import { roundedSensitivity, scaleForBits } from './rounding.ts';
import { logSkellamPmf, skellamCdf, skellamRdp } from './skellam.ts';
import { deltaOfZcdp, epsilonOfZcdp, zcdpOfEpsilon } from './zcdp.ts';

const options = { seed: 23, numRuns: 60 };

describe('the exact Gaussian', () => {
  it('ε, δ and σ are inverses of each other', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.02, max: 100, noNaN: true }),
        fc.double({ min: 1e-12, max: 0.1, noNaN: true }),
        (z, delta) => {
          const epsilon = gaussianEpsilon(z, delta);
          fc.pre(epsilon > 0);
          expect(gaussianDelta(z, epsilon) / delta).toBeCloseTo(1, 8);
          expect(gaussianSigma(epsilon, delta) / z).toBeCloseTo(1, 8);
        },
      ),
      options,
    );
  });

  it('at its ends: no noise, no δ, all δ', () => {
    expect([gaussianEpsilon(0, 1e-5), gaussianEpsilon(1, 0), gaussianEpsilon(1, 1)]).toEqual([
      Infinity,
      Infinity,
      0,
    ]);
    expect([gaussianDelta(0, 1), gaussianDelta(Infinity, 1)]).toEqual([1, 0]);
    expect([gaussianSigma(1, 0), gaussianSigma(1, 1), gaussianSigma(Infinity, 0.1)]).toEqual([
      Infinity,
      0,
      0,
    ]);
    expect(() => gaussianEpsilon(-1, 0.1)).toThrow(/sigma:/);
    expect(() => gaussianEpsilon(1, 1.1)).toThrow(/delta:/);
    expect(() => gaussianSigma(-1, 0.1)).toThrow(/epsilon:/);
  });
});

describe('zCDP', () => {
  it('conversions are inverses, and δ is 1 at worst', () => {
    for (const rho of [1e-4, 0.02, 1, 30]) {
      const epsilon = epsilonOfZcdp(rho, 1e-6);
      expect(deltaOfZcdp(rho, epsilon) / 1e-6).toBeCloseTo(1, 8);
      expect(zcdpOfEpsilon(epsilon, 1e-6) / rho).toBeCloseTo(1, 8);
      expect(deltaOfZcdp(rho, 0)).toBeLessThanOrEqual(1);
    }
    expect([epsilonOfZcdp(0, 1e-6), epsilonOfZcdp(Infinity, 1e-6), deltaOfZcdp(0, 1)]).toEqual([
      0,
      Infinity,
      0,
    ]);
    expect(() => epsilonOfZcdp(-1, 1e-6)).toThrow(/rho:/);
    expect(() => epsilonOfZcdp(1, 0)).toThrow(/delta:/);
  });
});

describe('integer noise', () => {
  it('every pmf sums to its cdf', () => {
    for (const variance of [0.3, 1, 20, 400]) {
      const [gauss, skellam] = [-40, -3, 0, 7].map((end) => {
        let [sumGauss, sumSkellam] = [0, 0];
        for (let x = -400; x <= end; x++) {
          sumGauss += discreteGaussianPmf(variance, x);
          sumSkellam += Math.exp(logSkellamPmf(variance, x));
        }
        expect(Math.abs(sumGauss - discreteGaussianCdf(variance, end))).toBeLessThan(1e-13);
        expect(Math.abs(sumSkellam - skellamCdf(variance, end))).toBeLessThan(1e-12);
        return sumGauss + sumSkellam;
      });
      expect(gauss).toBeLessThan(skellam ?? NaN);
    }
  });

  it('a discrete Gaussian tail by Euler–Maclaurin meets the sum where one takes over from the other', () => {
    const [below, above] = [999.999 ** 2, 1_000.001 ** 2];
    for (const x of [-5_000, -1, 0, 3_000]) {
      const ratio = discreteGaussianCdf(below, x) / discreteGaussianCdf(above, x);
      expect(Math.abs(ratio - 1)).toBeLessThan(6e-5);
    }
    expect(discreteGaussianCdf(1e8, 0)).toBeCloseTo(0.5 + 0.5 * discreteGaussianPmf(1e8, 0), 12);
  });

  it('a discrete Gaussian has less variance than its σ², by what vanishes as σ grows', () => {
    expect(discreteGaussianVariance(0.25)).toBeLessThan(0.25);
    expect(discreteGaussianVariance(4) / 4).toBeCloseTo(1, 12);
  });

  it('its exact δ is the sum by definition, and never above what its zCDP gives', () => {
    const [variance, epsilon, sensitivity] = [2, 0.4, 3];
    let sum = 0;
    for (let x = -60; x <= 60; x++) {
      const [p, q] = [discreteGaussianPmf(variance, x), discreteGaussianPmf(variance, x + sensitivity)];
      sum += Math.max(0, p - Math.exp(epsilon) * q);
    }
    expect(discreteGaussianDelta(variance, epsilon, sensitivity)).toBeCloseTo(sum, 14);
    expect(sum).toBeLessThanOrEqual(deltaOfZcdp(sensitivity ** 2 / (2 * variance), epsilon));
    expect(discreteGaussianDelta(1, 1, 0)).toBe(0);
  });

  it('Skellam divergence is above the Gaussian of its variance, and tends to it on a fine grid', () => {
    const excess = [10, 1e3, 1e5].map((scale) => {
      const r = skellamRdp({ l1: scale * 100, l2: scale }, (4 * scale) ** 2, 8);
      return r / (8 / (2 * 16)) - 1;
    });
    expect(excess.every((value) => value > 0)).toBe(true);
    expect(excess[2]).toBeLessThan(1e-3 * (excess[0] ?? NaN));
    expect(skellamRdp({ l1: 1, l2: 1 }, 0, 2)).toBe(Infinity);
    expect(skellamRdp({ l1: 0, l2: 0 }, 0, 2)).toBe(0);
    expect(() => skellamRdp({ l1: 1, l2: 1 }, 1, 2.5)).toThrow(/orders:/);
  });
});

describe('shares of discrete Gaussian noise', () => {
  it('τ of three shares is 10(e^(−π²σ²) + e^(−4π²σ²/3)), and 0 of one', () => {
    const sigma = 0.5;
    const rate = 2 * Math.PI ** 2 * sigma ** 2;
    expect(convolutionGap(3, sigma)).toBeCloseTo(10 * (Math.exp(-rate / 2) + Math.exp((-rate * 2) / 3)), 14);
    expect(convolutionGap(1, 0.1)).toBe(0);
  });

  it('the divergence with τ > 0 is the least of the three bounds by hand', () => {
    const [l1, l2, sigma, gap, dimension, order] = [40, 5, 10, 0.003, 16, 4];
    const bounds = [
      (order * l2 ** 2) / (2 * sigma ** 2) + gap * dimension,
      (order / 2) * (l2 ** 2 / sigma ** 2 + (2 * l1 * gap) / sigma + gap ** 2 * dimension),
      (order / 2) * (l2 / sigma + Math.sqrt(dimension) * gap) ** 2,
    ];
    const sum = { sensitivity: { l1, l2 }, totalStdDev: sigma, gap, dimension };
    expect(discreteGaussianSumRdp(sum, order)).toBeCloseTo(Math.min(...bounds), 14);
    // Each of the three is the least somewhere.
    const wide = discreteGaussianSumRdp({ ...sum, dimension: 10_000, gap: 1e-4 }, order);
    expect(wide).toBeCloseTo(
      (order / 2) * (l2 ** 2 / sigma ** 2 + (2 * l1 * 1e-4) / sigma + 1e-8 * 10_000),
      14,
    );
    const many = discreteGaussianSumRdp({ ...sum, sensitivity: { l1: 1e9, l2 }, gap: 0.2, dimension: 1 }, 64);
    expect(many).toBeCloseTo((64 * l2 ** 2) / (2 * sigma ** 2) + 0.2, 14);
    const close = discreteGaussianSumRdp(
      { ...sum, sensitivity: { l1: 1e9, l2: 0.1 }, gap: 0.01, dimension: 1 },
      2,
    );
    expect(close).toBeCloseTo((0.01 + 0.01) ** 2, 14);
  });

  it('ε falls with noise and δ, rises with steps; sampling never costs', () => {
    const mechanism: DistributedMechanism = {
      kind: 'skellam',
      shares: 20,
      localStdDev: 0.5,
      scale: 500,
      clipNorm: 1,
      beta: Math.exp(-0.5),
      dimension: 4_096,
    };
    const exposure = { q: 1, steps: 20, delta: 1e-5 };
    const base = distributedEpsilon(mechanism, exposure).epsilon;
    const epsilon = (change: object, exposed: object = {}): number =>
      distributedEpsilon({ ...mechanism, ...change }, { ...exposure, ...exposed }).epsilon;
    expect(epsilon({ localStdDev: 0.6 })).toBeLessThan(base);
    expect(epsilon({ shares: 30 })).toBeLessThan(base);
    expect(epsilon({}, { steps: 21 })).toBeGreaterThan(base);
    expect(epsilon({}, { delta: 1e-4 })).toBeLessThan(base);
    expect(epsilon({}, { q: 0.1 })).toBeLessThan(base);
    expect(epsilon({}, { steps: 0 })).toBe(0);
    expect(epsilon({ kind: 'discrete-gaussian', localStdDev: 5e-4 })).toBeGreaterThan(
      epsilon({ localStdDev: 5e-4 }) / 10,
    );
  });

  it('rounding needs more than the vector had, and a ring needs room for its clients', () => {
    const bound = roundedSensitivity(10, Math.exp(-0.5), 100);
    expect(bound.l2).toBeCloseTo(Math.sqrt(100 + 25 + 10 + 5), 12);
    expect(bound.l1).toBeCloseTo(10 * bound.l2, 12);
    expect(roundedSensitivity(1, 0, 4)).toEqual({ l2: 3, l1: 6 });
    const request = {
      localStdDev: 1,
      clipNorm: 1,
      bits: 2,
      clients: 40,
      dimension: 10,
      deviations: 4,
      flatness: 1,
    };
    expect(() => scaleForBits(request)).toThrow(/bits:/);
    expect(() => roundedSensitivity(0, 0, 1)).toThrow(/scaled_l2:/);
    expect(() => roundedSensitivity(1, 1, 1)).toThrow(/beta:/);
    expect(() => roundedSensitivity(1, 0, 1.5)).toThrow(/dim:/);
  });
});

describe('calibration', () => {
  it('errs to more noise, by less than a part in a million', () => {
    const target = { epsilon: 2, delta: 1e-5, q: 0.1, steps: 50 };
    const sigma = sigmaByRdp(target);
    expect(sigmaByLosses(target)).toBeLessThan(sigma);
    expect(sigmaByRdp({ ...target, epsilon: 2.01 })).toBeLessThan(sigma);
    expect(() => sigmaByRdp({ ...target, epsilon: 0 })).toThrow(/target_epsilon:/);
    const mechanism = {
      kind: 'skellam',
      shares: 10,
      scale: 1e4,
      clipNorm: 1,
      beta: 0.5,
      dimension: 64,
    } as const;
    const exposure = { q: 1, steps: 10, delta: 1e-5 };
    const localStdDev = localStdDevAtScale(mechanism, exposure, 3);
    expect(distributedEpsilon({ ...mechanism, localStdDev }, exposure).epsilon).toBeLessThanOrEqual(3);
    const less = distributedEpsilon({ ...mechanism, localStdDev: localStdDev * (1 - 1e-6) }, exposure);
    expect(less.epsilon).toBeGreaterThan(3);
  });

  it('splits noise with the clip bit so that the two cost what one did', () => {
    const update = updateNoiseMultiplier(2, 10);
    expect(update ** -2 + 20 ** -2).toBeCloseTo(2 ** -2, 15);
    expect(() => updateNoiseMultiplier(2, 1)).toThrow(/sigma_b:/);
  });
});
