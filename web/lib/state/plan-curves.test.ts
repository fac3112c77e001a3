import { describe, expect, it } from 'vitest';
import { MAX_COHORT, MIN_COHORT } from '#shared/protocol/limits.ts';
import type { Plan } from '#shared/privacy/plan.ts';
import { planRun } from '#shared/privacy/plan.ts';
import type { PlanSettings } from '#shared/privacy/plan-settings.ts';
import { epsilonCurve, noiseCurve } from './plan-curves.ts';

const settings: PlanSettings = {
  mode: 'distributed',
  clients: 40,
  rounds: 50,
  participations: 50,
  epsilon: 8,
  delta: 1e-5,
  clipNorm: 1,
  parameters: 7_850,
  bits: 20,
  minSurvivors: 30,
  accomplices: 2,
  lanes: [],
};

function planned(change: Partial<PlanSettings> = {}): Plan {
  const plan = planRun({ ...settings, ...change });
  if (!plan.ok) throw new Error(plan.fault.reason);
  return plan.value;
}

describe('ε over rounds', () => {
  it('grows from the first round to the plan’s own ε at the last', () => {
    const { at, values } = epsilonCurve(settings, planned());
    expect([at[0], at.at(-1)]).toEqual([1, 50]);
    expect(values.at(-1)).toBeCloseTo(planned().epsilon, 9);
    for (let i = 1; i < values.length; i++) {
      expect(at[i]).toBeGreaterThan(at[i - 1] ?? NaN);
      expect(values[i]).toBeGreaterThan(values[i - 1] ?? NaN);
    }
  });

  it('has every round where they are few, and few points where they are many', () => {
    const few = { ...settings, participations: 3 };
    expect(epsilonCurve(few, planned(few)).at).toEqual([1, 2, 3]);
    const one = { ...settings, rounds: 1, participations: 1 };
    expect(epsilonCurve(one, planned(one)).at).toEqual([1]);
    const many = { ...settings, rounds: 10_000, participations: 10_000, parameters: 10 };
    const { at } = epsilonCurve(many, planned(many));
    expect(at.length).toBeLessThan(40);
    expect([at[0], at.at(-1)]).toEqual([1, 10_000]);
  });
});

describe('noise against signal', () => {
  it('is the plan’s own at the planned cohort, and falls with more tabs', () => {
    const { at, values } = noiseCurve(settings);
    expect([at[0], at.at(-1)]).toEqual([MIN_COHORT, MAX_COHORT]);
    expect(values[at.indexOf(40)]).toBe(planned().noiseToClip);
    const known = values.filter((value) => value !== null);
    expect(known.length).toBeGreaterThan(10);
    for (let i = 1; i < known.length; i++) expect(known[i]).toBeLessThan(known[i - 1] ?? NaN);
  });

  it('has no value where no plan is', () => {
    const { at, values } = noiseCurve({ ...settings, accomplices: 20 });
    // Of 3 tabs 3 must survive: not one whose noise is counted on would be left.
    expect(values[at.indexOf(3)]).toBeNull();
    expect(values.at(-1)).not.toBeNull();
  });
});
