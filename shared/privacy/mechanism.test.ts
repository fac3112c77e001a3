import { describe, expect, it } from 'vitest';
import { parametersForOffer } from './mechanism.ts';
import { epsilonOfOffer, integerSensitivity } from './mechanism-epsilon.ts';
import type { MechanismParameters, NoiseMode } from './mechanism-parameters.ts';
import { drawVariance, isSound, mechanismWords } from './mechanism-parameters.ts';
import { planRun } from './plan.ts';
import type { PlanSettings, SettingFault, SettingName } from './plan-settings.ts';
import { evaluateRow } from './rows/evaluate.ts';
import { SAMPLING_SHARE, samplingDelta } from './sampling-cost.ts';
import { epsilonOfZcdp } from './zcdp.ts';

const settings: PlanSettings = {
  mode: 'distributed',
  clients: 60,
  rounds: 40,
  participations: 30,
  epsilon: 6,
  delta: 1e-5,
  clipNorm: 0.5,
  parameters: 7_850,
  bits: 20,
  minSurvivors: 45,
  accomplices: 5,
  lanes: [],
};
const NOISY: readonly NoiseMode[] = ['distributed', 'central', 'local'];

function offered(change: Partial<PlanSettings> = {}): MechanismParameters {
  const result = parametersForOffer({ ...settings, ...change });
  if (!result.ok) throw new Error(result.fault.reason);
  return result.value;
}

function refused(change: Partial<PlanSettings>): SettingFault {
  const result = parametersForOffer({ ...settings, ...change });
  if (result.ok) throw new Error('accepted');
  return result.fault;
}

describe('parameters for an offer', () => {
  for (const mode of NOISY) {
    it(`in mode ${mode} meet the target ε for a tab that computes it again, and no less noise would`, () => {
      for (const change of [{}, { lanes: [3, 200] }, { epsilon: 1.5, parameters: 40 }, { delta: 1e-9 }]) {
        const { epsilon, participations, delta } = { ...settings, ...change };
        const parameters = offered({ mode, ...change });
        const found = epsilonOfOffer(parameters, participations, delta);
        expect(found).toBeLessThanOrEqual(epsilon);
        expect(found).toBeGreaterThan(epsilon * (1 - 1e-6));
        const weaker = { ...parameters, noiseSteps: parameters.noiseSteps * (1 - 1e-6) };
        expect(epsilonOfOffer(weaker, participations, delta)).toBeGreaterThan(epsilon);
      }
    });

    it(`in mode ${mode} keep the sum, its noise and the lanes in half the ring`, () => {
      for (const lanes of [[], [1_000]]) {
        const parameters = offered({ mode, lanes, bits: 22 });
        const inSum = mode === 'central' ? 1 : 60;
        const deviation = Math.sqrt(inSum * drawVariance(parameters));
        expect(4 * deviation + 60 * (lanes[0] ?? 0)).toBeLessThanOrEqual(2 ** 21 * (1 + 1e-12));
        const signal = (60 * 0.5 * parameters.scale) / Math.sqrt(8_192);
        expect(4 * Math.hypot(deviation, signal)).toBeLessThanOrEqual(2 ** 21);
        expect(Math.sqrt(drawVariance(parameters))).toBeLessThanOrEqual(10_000 * (1 + 1e-12));
      }
    });
  }

  it('store whole numbers, σ and s, and h = minSurvivors − a shares of variance σ²/h', () => {
    const parameters = offered({ lanes: [7] });
    const { squaredNormBound, noiseSteps, scale } = parameters;
    expect(Number.isSafeInteger(squaredNormBound)).toBe(true);
    expect(drawVariance(parameters)).toBeCloseTo(noiseSteps ** 2 / 40, 6);
    const { out } = evaluateRow('rounded_norm_bound', {
      scaled_l2: 0.5 * scale,
      beta: Math.exp(-0.5),
      dim: 8_192,
    });
    expect(squaredNormBound).toBe(Math.floor(Number(out['l2']) ** 2));
    expect(mechanismWords(parameters)).toBe(8_192 + 1);
    for (const mode of ['central', 'local'] as const) {
      const whole = offered({ mode });
      expect(drawVariance(whole)).toBe(whole.noiseSteps ** 2);
    }
  });

  it('of a central or local run are counted by zCDP: ρ = k·Δ₂²/2σ²', () => {
    for (const mode of ['central', 'local'] as const) {
      const parameters = offered({ mode, lanes: [50] });
      const squared = parameters.squaredNormBound + 50 ** 2;
      const tight = epsilonOfZcdp((30 * squared) / (2 * parameters.noiseSteps ** 2), 1e-5);
      const found = epsilonOfOffer(parameters, 30, 1e-5);
      expect(found).toBeGreaterThanOrEqual(tight);
      expect(found).toBeLessThan(tight * 1.001);
    }
  });

  it('of a local run need √h times the noise in the sum, of a central run none of its price', () => {
    const noise = (mode: NoiseMode): number => {
      const plan = planRun({ ...settings, mode });
      if (!plan.ok) throw new Error(plan.fault.reason);
      return plan.value.noiseToClip;
    };
    expect(noise('local') / noise('distributed')).toBeCloseTo(Math.sqrt(40), 0);
    expect(noise('distributed') / noise('central')).toBeCloseTo(Math.sqrt(60 / 40), 1);
  });

  it('without noise ignore ε and δ, and say ∞', () => {
    const parameters = offered({ mode: 'none', epsilon: NaN, delta: 2 });
    expect(parameters.noiseSteps).toBe(0);
    expect(epsilonOfOffer(parameters, 1, 1e-5)).toBe(Infinity);
  });

  it('have no finer grid than single precision, so that ⌊Δ₂²⌋ is exact in every ring', () => {
    const parameters = offered({
      mode: 'none',
      bits: 32,
      clients: 3,
      minSurvivors: 3,
      accomplices: 1,
      parameters: 16_000_000,
    });
    expect(parameters.scale * parameters.clipNorm).toBe(2 ** 24);
    expect(isSound(parameters)).toBe(true);
  });

  const refusals: [SettingName, Partial<PlanSettings>][] = [
    ['clipNorm', { clipNorm: 0 }],
    ['clipNorm', { clipNorm: NaN }],
    ['clipNorm', { clipNorm: -3 }],
    ['delta', { delta: 1 / 60 }],
    ['delta', { delta: -1 }],
    ['minSurvivors', { minSurvivors: 61 }],
    ['accomplices', { accomplices: 45 }],
    ['accomplices', { accomplices: 0 }],
    ['bits', { bits: 8 }],
    ['lanes', { lanes: [20_000] }],
    ['lanes', { lanes: [1.5] }],
    ['epsilon', { epsilon: 0 }],
    ['epsilon', { epsilon: 60 }],
    ['parameters', { parameters: 2 ** 30 }],
  ];
  for (const mode of NOISY) {
    it(`in mode ${mode} are refused with the nearest setting that works`, () => {
      for (const [setting, change] of refusals) {
        const fault = refused({ mode, ...change });
        expect(fault.setting).toBe(setting);
        expect(fault.reason).toContain(setting);
        const repaired =
          setting === 'lanes' ? { lanes: [fault.nearest ?? NaN] } : { [setting]: fault.nearest };
        const again = offered({ mode, ...change, ...repaired });
        const { epsilon, participations, delta } = { ...settings, ...change, ...repaired };
        expect(epsilonOfOffer(again, participations, delta)).toBeLessThanOrEqual(epsilon);
      }
    });
  }
});

describe('ε of an offer', () => {
  it('is the Skellam rows’ own, and grows with participations and with each accomplice missing', () => {
    const parameters = offered();
    const orders = Array.from({ length: 127 }, (_, index) => index + 2);
    const l2 = Math.sqrt(parameters.squaredNormBound);
    const { out } = evaluateRow('skellam_rdp', {
      l2_int: l2,
      l1_int: l2 * Math.min(Math.sqrt(8_192), l2),
      central_var_int: parameters.noiseSteps ** 2,
      orders,
    });
    const curve = out['rdp'];
    if (!Array.isArray(curve)) throw new Error('no curve');
    const rdp = curve.map((value: unknown) => 12 * Number(value));
    const expected = Number(evaluateRow('rdp_conversion', { orders, rdp, delta: 1e-5 }).out['epsilon']);
    expect(epsilonOfOffer(parameters, 12, 1e-5)).toBeCloseTo(expected, 9);
    expect(epsilonOfOffer(parameters, 0, 1e-5)).toBe(0);
    expect(epsilonOfOffer(parameters, 13, 1e-5)).toBeGreaterThan(expected);
  });

  it('counts a lane in both norms: √(16 + 3² + 4²), and 4·4 + 3 + 4', () => {
    expect(integerSensitivity(16, 100, [3, 4])).toEqual({ l2: Math.sqrt(41), l1: 23 });
    expect(integerSensitivity(16, 9, [])).toEqual({ l2: 4, l1: 12 });
  });

  it('counts each lane’s bound', () => {
    const parameters = offered();
    const more = { ...parameters, lanes: [Math.ceil(parameters.noiseSteps)] };
    expect(epsilonOfOffer(more, 30, 1e-5)).toBeGreaterThan(epsilonOfOffer(parameters, 30, 1e-5) * 1.05);
  });

  it('is ∞ for parameters that no mechanism has', () => {
    const parameters = offered({ lanes: [5] });
    expect(isSound(parameters)).toBe(true);
    const wrong: Partial<MechanismParameters>[] = [
      { noiseSteps: 0 },
      { noiseSteps: -parameters.noiseSteps },
      { noiseSteps: NaN },
      { noiseSteps: 1e9 },
      { noiseSteps: Infinity },
      { accomplices: 45 },
      { accomplices: 0 },
      { accomplices: -1e6 },
      { minSurvivors: 1e9 },
      { minSurvivors: 45.5 },
      { squaredNormBound: -1 },
      { squaredNormBound: 2 ** 54 },
      { squaredNormBound: NaN },
      { parameters: 0 },
      { parameters: 2 ** 30 },
      { bits: 33 },
      { lanes: [-5] },
      { lanes: [NaN] },
      { scale: 0 },
      { scale: Infinity },
      { clipNorm: NaN },
    ];
    for (const change of wrong) {
      expect(isSound({ ...parameters, ...change })).toBe(false);
      expect(epsilonOfOffer({ ...parameters, ...change }, 1, 1e-5)).toBe(Infinity);
    }
    expect(isSound({ ...parameters, mode: 'none' })).toBe(false);
    expect(isSound(offered({ mode: 'local' }))).toBe(true);
    expect(isSound({ ...offered({ mode: 'local' }), accomplices: 45 })).toBe(false);
    for (const [participations, delta] of [
      [-1, 1e-5],
      [1.5, 1e-5],
      [NaN, 1e-5],
      [1, 0],
      [1, 1],
      [1, NaN],
    ] as const) {
      expect(epsilonOfOffer(parameters, participations, delta)).toBe(Infinity);
    }
  });
});

describe('what sampling costs', () => {
  it('is (1 + e^ε)·k·h·d·η', () => {
    const cost = samplingDelta({ epsilon: 2, participations: 3, countedShares: 5, dimension: 7 });
    expect(cost / ((1 + Math.exp(2)) * 3 * 5 * 7 * 2 ** -109)).toBeCloseTo(1, 12);
  });

  it('leaves a plan alone up to a thousandth of δ, and refuses it beyond', () => {
    const large = { parameters: 16_000_000, participations: 40, bits: 24 };
    const fault = refused({ ...large, epsilon: 35 });
    expect(fault).toMatchObject({ setting: 'epsilon' });
    const epsilon = fault.nearest ?? NaN;
    expect(epsilon).toBeLessThan(35);
    const cost = samplingDelta({ epsilon, participations: 40, countedShares: 40, dimension: 2 ** 24 });
    expect(cost).toBeGreaterThan((SAMPLING_SHARE / 4) * 1e-5);
    expect(cost).toBeLessThanOrEqual(SAMPLING_SHARE * 1e-5);
    const parameters = offered({ ...large, epsilon });
    expect(epsilonOfOffer(parameters, 40, 1e-5)).toBeLessThanOrEqual(epsilon);
    // With a quarter of the noise the same lanes would cost far more than δ has.
    expect(epsilonOfOffer({ ...parameters, noiseSteps: parameters.noiseSteps / 4 }, 40, 1e-5)).toBe(Infinity);
  });
});
