import { describe, expect, it } from 'vitest';
import { lengthAfterPadding } from '../numeric/rotate.ts';
import { adviceFor } from './plan-advice.ts';
import type { Plan } from './plan.ts';
import { planRun } from './plan.ts';
import type { PlanSettings, SettingName } from './plan-settings.ts';
import { evaluateRow } from './rows/evaluate.ts';

const settings: PlanSettings = {
  clients: 40,
  rounds: 50,
  participations: 50,
  epsilon: 8,
  delta: 1e-5,
  clipNorm: 1,
  parameters: 7_850,
  bits: 20,
  minSurvivors: 30,
  accomplices: 1,
  lanes: [],
};

function planned(change: Partial<PlanSettings> = {}): Plan {
  const result = planRun({ ...settings, ...change });
  if (!result.ok) throw new Error(result.fault.reason);
  return result.value;
}

describe('a plan', () => {
  it('meets the target ε, and a millionth less noise does not', () => {
    const plan = planned();
    expect(plan.epsilon).toBeLessThanOrEqual(8);
    expect(plan.epsilon).toBeGreaterThan(7.99999);
    const weaker = plan.noiseSteps * (1 - 1e-6);
    expect(epsilonFrom(plan, weaker)).toBeGreaterThan(8);
  });

  /** ε recomputed from the integers and σ alone, as a participant would, through the reference rows. */
  function epsilonFrom(plan: Plan, noiseSteps: number): number {
    const orders = Array.from({ length: 127 }, (_, index) => index + 2);
    const { out } = evaluateRow('skellam_rdp', {
      l1_int: plan.sensitivity.l1,
      l2_int: plan.sensitivity.l2,
      central_var_int: noiseSteps ** 2,
      orders,
    });
    const rdp = out['rdp'];
    if (!Array.isArray(rdp)) throw new Error('no curve');
    const rows = { orders, rdp: rdp.map((value: unknown) => 50 * Number(value)), delta: 1e-5 };
    return Number(evaluateRow('rdp_conversion', rows).out['epsilon']);
  }

  it('says the ε that its own integers give', () => {
    const plan = planned();
    expect(epsilonFrom(plan, plan.noiseSteps)).toBeCloseTo(plan.epsilon, 9);
    expect(plan.epsilonAlone).toBeCloseTo(epsilonFrom(plan, plan.shareSteps), 6);
    expect(plan.sensitivity.l2 ** 2).toBeCloseTo(plan.squaredNormBound, 3);
  });

  it('has the noise multipliers of the design for everyone in every round', () => {
    const multiplier = (rounds: number, epsilon: number): number =>
      planned({ rounds, participations: rounds, epsilon, clients: 50, minSurvivors: 50 }).noiseMultiplier;
    expect(multiplier(20, 8)).toBeCloseTo(2.85, 2);
    expect(multiplier(50, 8)).toBeCloseTo(4.51, 2);
    expect(multiplier(100, 8)).toBeCloseTo(6.38, 2);
    expect(multiplier(20, 2)).toBeCloseTo(9.61, 1);
  });

  it('counts h = minSurvivors − accomplices shares and shows the price n/h', () => {
    const plan = planned({ accomplices: 5 });
    expect(plan.countedShares).toBe(25);
    expect(plan.price).toBe(40 / 25);
    expect(plan.shareSteps * 5).toBeCloseTo(plan.noiseSteps, 6);
    expect(plan.shareSteps).toBeLessThanOrEqual(10_000 * (1 + 1e-12));
    expect(plan.noiseToClip).toBeCloseTo((plan.noiseStdDev * Math.sqrt(1.6 * 7_850)) / 40, 12);
  });

  it('counts only the rounds a client takes part in', () => {
    expect(planned({ participations: 5 }).noiseMultiplier).toBeLessThan(planned().noiseMultiplier / 2);
  });

  it('makes room for extra lanes and counts them', () => {
    const plan = planned({ lanes: [1_000, 2_000], bits: 24 });
    expect(plan.sensitivity.l2 ** 2).toBeCloseTo(plan.squaredNormBound + 1_000 ** 2 + 2_000 ** 2, 3);
    expect(40 * 2_000 + 4 * plan.noiseSteps * Math.sqrt(plan.price)).toBeLessThanOrEqual(2 ** 23);
    expect(plan.uploadBytes).toBe(3 * (8_192 + 2 + 1));
  });

  it('pads to one power of two, or to blocks where that would add more than a sixteenth', () => {
    expect([1, 1_024, 7_850, 5_000].map(lengthAfterPadding)).toEqual([1, 1_024, 8_192, 5_120]);
    expect(lengthAfterPadding(199_210)).toBe(131_072 + 65_536 + 4_096);
  });
});

describe('a plan is refused', () => {
  const refusals: [SettingName, Partial<PlanSettings>][] = [
    ['clients', { clients: 2, minSurvivors: 2 }],
    ['clients', { clients: 3.5, minSurvivors: 3 }],
    ['rounds', { rounds: 0, participations: 1 }],
    ['participations', { participations: 51 }],
    ['parameters', { parameters: -1 }],
    ['bits', { bits: 7 }],
    ['bits', { bits: 40 }],
    ['bits', { bits: 9 }],
    ['minSurvivors', { minSurvivors: 41 }],
    ['minSurvivors', { minSurvivors: 1 }],
    ['accomplices', { accomplices: 0 }],
    ['accomplices', { accomplices: 30 }],
    ['clipNorm', { clipNorm: 0 }],
    ['clipNorm', { clipNorm: -1 }],
    ['clipNorm', { clipNorm: NaN }],
    ['delta', { delta: 1 / 40 }],
    ['delta', { delta: 0 }],
    ['delta', { delta: NaN }],
    ['epsilon', { epsilon: -1 }],
    ['epsilon', { epsilon: NaN }],
    ['epsilon', { epsilon: Infinity }],
    ['epsilon', { epsilon: 1e-3 }],
    ['lanes', { lanes: [0] }],
    ['lanes', { lanes: [100_000] }],
  ];

  for (const [setting, change] of refusals) {
    it(`for ${JSON.stringify(change)}, and its nearest setting works`, () => {
      const result = planRun({ ...settings, ...change });
      if (result.ok) throw new Error('accepted');
      expect(result.fault.setting).toBe(setting);
      expect(result.fault.reason).toContain(setting);
      const nearest = result.fault.nearest ?? NaN;
      const repaired = setting === 'lanes' ? { lanes: [nearest] } : { [setting]: nearest };
      const again = planRun({ ...settings, ...change, ...repaired });
      expect(again).toMatchObject({ ok: true });
    });
  }

  it('where a lane leaves the ring no room, with the bits that would', () => {
    const result = planRun({ ...settings, bits: 12, lanes: [100] });
    expect(result.ok ? null : result.fault.setting).toBe('bits');
    expect(planRun({ ...settings, bits: result.ok ? 0 : (result.fault.nearest ?? 0), lanes: [100] }).ok).toBe(
      true,
    );
  });
});

describe('advice', () => {
  it('is silent where the noise is below the clip, else each value works and one step short does not', () => {
    const calm = { ...settings, clients: 900, minSurvivors: 800 };
    expect(adviceFor(calm, planned(calm))).toEqual([]);
    const loud = { ...settings, clients: 400, minSurvivors: 300 };
    const advice = adviceFor(loud, planned(loud));
    expect(advice.map(({ setting }) => setting)).toEqual(
      expect.arrayContaining(['rounds', 'parameters', 'epsilon']),
    );
    for (const { setting, value } of advice) {
      if (setting === 'clients') continue;
      const step = value > loud[setting] ? -1 : 1;
      const at = (given: number): number =>
        planned({ ...loud, [setting]: given, ...(setting === 'rounds' ? { participations: given } : {}) })
          .noiseToClip;
      expect(at(value)).toBeLessThanOrEqual(1);
      expect(at(value + step)).toBeGreaterThan(1);
    }
  });
});
