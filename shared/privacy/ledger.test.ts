import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sid } from '../base/ids.ts';
import type { Caps, CountedMechanism, LedgerEntry } from './ledger.ts';
import { budgetOf, countedMechanism, epsilonOfEntries, wouldExceed } from './ledger.ts';
import { parametersForOffer } from './mechanism.ts';
import { epsilonOfOffer } from './mechanism-epsilon.ts';
import type { MechanismParameters, NoiseMode } from './mechanism-parameters.ts';
import { planRun } from './plan.ts';
import type { PlanSettings } from './plan-settings.ts';
import { evaluateRow } from './rows/evaluate.ts';
import { samplingDelta } from './sampling-cost.ts';
import { epsilonOfZcdp } from './zcdp.ts';

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
const DELTA = 1e-5;
const NOISY = ['distributed', 'central', 'local'] as const;

function offered(mode: NoiseMode, change: Partial<PlanSettings> = {}): MechanismParameters {
  const result = parametersForOffer({ ...settings, mode, ...change });
  if (!result.ok) throw new Error(result.fault.reason);
  return result.value;
}

// Sids of these tests are told apart by their number.
const entry = (mechanism: CountedMechanism, sid: number): LedgerEntry => ({
  sid: String(sid).padStart(64, '0') as Sid,
  mechanism,
});
const entries = (mechanism: CountedMechanism, count: number, from = 0): LedgerEntry[] =>
  Array.from({ length: count }, (_, index) => entry(mechanism, from + index));

const counted = countedMechanism(offered('distributed'));

describe('ε of a ledger', () => {
  it('is 0 while nothing is spent', () => {
    expect(epsilonOfEntries([], DELTA)).toBe(0);
    expect(epsilonOfEntries([], DELTA, 'alone')).toBe(0);
  });

  for (const mode of NOISY) {
    it(`is what a tab reads from the offer, for every number of rounds, in mode ${mode}`, () => {
      const parameters = offered(mode, { lanes: [40, 1_000] });
      const mechanism = countedMechanism(parameters);
      for (const rounds of [1, 2, 7, 50, 200])
        expect(epsilonOfEntries(entries(mechanism, rounds), DELTA)).toBe(
          epsilonOfOffer(parameters, rounds, DELTA),
        );
    });
  }

  it('is that of the reference for the Skellam mechanism', () => {
    const orders = Array.from({ length: 127 }, (_, index) => index + 2);
    const { out } = evaluateRow('skellam_rdp', {
      l1_int: counted.l1,
      l2_int: counted.l2,
      central_var_int: counted.noiseSteps ** 2,
      orders,
    });
    const rdp = out['rdp'];
    if (!Array.isArray(rdp)) throw new Error('no curve');
    const curve = { orders, rdp: rdp.map((value: unknown) => 9 * Number(value)), delta: DELTA };
    expect(epsilonOfEntries(entries(counted, 9), DELTA)).toBeCloseTo(
      Number(evaluateRow('rdp_conversion', curve).out['epsilon']),
      9,
    );
  });

  it('is not below that of zCDP over real orders where the noise is Gaussian, and little above', () => {
    const [one, other] = [
      countedMechanism(offered('central')),
      countedMechanism(offered('local', { epsilon: 3 })),
    ];
    const rho = ({ l2, noiseSteps }: CountedMechanism) => l2 ** 2 / (2 * noiseSteps ** 2);
    const epsilon = epsilonOfEntries([...entries(one, 20), ...entries(other, 10, 20)], DELTA);
    const least = epsilonOfZcdp(20 * rho(one) + 10 * rho(other), DELTA);
    expect(epsilon).toBeGreaterThanOrEqual(least);
    expect(epsilon).toBeLessThan(1.01 * least);
  });

  it('of different mechanisms is below the sum of their ε, above each, and the same in any order', () => {
    const other = countedMechanism(offered('central', { epsilon: 4, parameters: 1_000 }));
    const [left, right] = [entries(counted, 10), entries(other, 10, 100)];
    const [one, two, both] = [left, right, [...left, ...right]].map((list) => epsilonOfEntries(list, DELTA));
    expect(both).toBeGreaterThan(Math.max(one ?? 0, two ?? 0));
    expect(both).toBeLessThan((one ?? 0) + (two ?? 0));
    const mixed = left.flatMap((first, index) => [right[index] ?? first, first]);
    expect(epsilonOfEntries(mixed, DELTA)).toBe(both);
  });

  it('grows with every entry', () => {
    const others = [
      counted,
      countedMechanism(offered('local')),
      countedMechanism(offered('distributed', { epsilon: 2 })),
    ];
    const list = fc.array(fc.integer({ min: 0, max: others.length - 1 }), { maxLength: 12 });
    fc.assert(
      fc.property(list, fc.integer({ min: 0, max: others.length - 1 }), (indices, last) => {
        const chosen = [...indices, last].map((index, sid) => entry(others[index] ?? counted, sid));
        expect(epsilonOfEntries(chosen, DELTA)).toBeGreaterThan(epsilonOfEntries(chosen.slice(0, -1), DELTA));
      }),
      { seed: 5, numRuns: 40 },
    );
  });

  it('of two tabs in the same sums is that of twice the sensitivity, which is more than of twice the rounds', () => {
    const twice = [...entries(counted, 5), ...entries(counted, 5)];
    const doubled = { ...counted, l1: 2 * counted.l1, l2: 2 * counted.l2 };
    expect(epsilonOfEntries(twice, DELTA)).toBeCloseTo(epsilonOfEntries(entries(doubled, 5), DELTA), 9);
    expect(epsilonOfEntries(twice, DELTA)).toBeGreaterThan(epsilonOfEntries(entries(counted, 10), DELTA));
  });

  it('is ∞ once one round had no noise', () => {
    const plain = countedMechanism(offered('none'));
    expect(epsilonOfEntries([...entries(counted, 3), entry(plain, 9)], DELTA)).toBe(Infinity);
  });

  it('is ∞ for numbers that no mechanism has', () => {
    const broken: Partial<CountedMechanism>[] = [
      { noiseSteps: 0 },
      { noiseSteps: NaN },
      { noiseSteps: -1 },
      { noiseSteps: Infinity },
      { l1: NaN },
      { l2: -1 },
      { dimension: 0 },
      { countedShares: 0.5 },
      { countedShares: NaN },
    ];
    for (const change of broken)
      expect(epsilonOfEntries([entry({ ...counted, ...change }, 1)], DELTA)).toBe(Infinity);
    for (const delta of [0, -1, 1, NaN]) expect(epsilonOfEntries(entries(counted, 1), delta)).toBe(Infinity);
    const unsound = countedMechanism({ ...offered('distributed'), accomplices: 30 });
    expect(unsound).toMatchObject({ mode: 'none', noiseSteps: 0 });
  });

  it('is ∞ where drawing the noise might give away more than a thousandth of δ', () => {
    const draws = { participations: 50, countedShares: counted.countedShares, dimension: counted.dimension };
    const [finite, infinite]: [number[], number[]] = [[], []];
    for (let factor = 1; factor < 9; factor += 0.05) {
      const loud = { ...counted, noiseSteps: counted.noiseSteps / factor };
      const epsilon = epsilonOfEntries(entries(loud, 50), DELTA);
      (epsilon === Infinity ? infinite : finite).push(epsilon);
    }
    expect(finite.every((epsilon) => samplingDelta({ epsilon, ...draws }) <= 1.01e-3 * DELTA)).toBe(true);
    expect(Math.max(...finite)).toBeGreaterThan(30);
    expect(infinite.length).toBeGreaterThan(0);
  });
});

describe('ε where nobody helps', () => {
  it('counts only the own share: the variance is h times less', () => {
    const few = countedMechanism(offered('distributed', { minSurvivors: 3, accomplices: 1, epsilon: 2 }));
    const own = { ...few, noiseSteps: few.noiseSteps / Math.SQRT2, countedShares: 1 };
    expect(epsilonOfEntries(entries(few, 50), DELTA, 'alone')).toBeCloseTo(
      epsilonOfEntries(entries(own, 50), DELTA),
      9,
    );
  });

  it('is the same in mode local, and ∞ in mode central, whose coordinator sees the sum', () => {
    const local = entries(countedMechanism(offered('local')), 5);
    expect(epsilonOfEntries(local, DELTA, 'alone')).toBe(epsilonOfEntries(local, DELTA));
    const central = entries(countedMechanism(offered('central')), 5);
    expect(epsilonOfEntries(central, DELTA, 'alone')).toBe(Infinity);
  });
});

describe('caps', () => {
  const caps: Caps = { participations: 50, epsilon: 8, delta: DELTA };

  it('a plan lets a client through exactly as often as it was planned for', () => {
    expect(wouldExceed(entries(counted, 49), counted, caps)).toBeNull();
    expect(wouldExceed(entries(counted, 50), counted, caps)).toBe('participations');
    expect(wouldExceed(entries(counted, 50), counted, { ...caps, participations: 60 })).toBe('epsilon');
  });

  it('the next round is judged by its own mechanism', () => {
    const loud = countedMechanism(offered('distributed', { rounds: 1, participations: 1 }));
    expect(wouldExceed(entries(counted, 1), counted, caps)).toBeNull();
    expect(wouldExceed(entries(counted, 1), loud, caps)).toBe('epsilon');
  });

  it('without a limit of ε let a round without noise through, and no other do', () => {
    const plain = countedMechanism(offered('none'));
    expect(wouldExceed([], plain, { ...caps, epsilon: Infinity })).toBeNull();
    expect(wouldExceed([], plain, { ...caps, epsilon: 1e300 })).toBe('epsilon');
  });

  it('that are no numbers forbid', () => {
    expect(wouldExceed([], counted, { ...caps, participations: NaN })).toBe('participations');
    expect(wouldExceed([], counted, { ...caps, epsilon: NaN })).toBe('epsilon');
    expect(wouldExceed([], counted, { ...caps, delta: NaN })).toBe('epsilon');
  });
});

describe('a budget', () => {
  const caps: Caps = { participations: 50, epsilon: 8, delta: DELTA };

  it('ends where the plan said', () => {
    const plan = planRun(settings);
    if (!plan.ok) throw new Error(plan.fault.reason);
    const budget = budgetOf(entries(counted, 5), counted, caps);
    expect(budget).toMatchObject({ delta: DELTA, roundsSpent: 5, roundsMax: 50 });
    expect(budget.spentEpsilon).toBe(epsilonOfEntries(entries(counted, 5), DELTA));
    expect(budget.epsilonAtEnd).toBeCloseTo(plan.value.epsilon, 9);
    expect(budget.epsilonAtEnd).toBeLessThanOrEqual(8);
  });

  it('ends earlier where ε is what is reached first, at the last round that wouldExceed lets through', () => {
    const budget = budgetOf(entries(counted, 5), counted, { ...caps, epsilon: 4 });
    expect(budget.epsilonAtEnd).toBeLessThanOrEqual(4);
    expect(wouldExceed(entries(counted, budget.roundsMax - 1), counted, { ...caps, epsilon: 4 })).toBeNull();
    expect(wouldExceed(entries(counted, budget.roundsMax), counted, { ...caps, epsilon: 4 })).toBe('epsilon');
  });

  it('that is passed already has nothing left, and says what is spent', () => {
    const budget = budgetOf(entries(counted, 60), counted, caps);
    expect(budget).toMatchObject({ roundsSpent: 60, roundsMax: 60 });
    expect(budget.spentEpsilon).toBeGreaterThan(8);
    expect(budget.epsilonAtEnd).toBe(budget.spentEpsilon);
  });

  it('without noise is ∞ from the beginning to the end', () => {
    const plain = countedMechanism(offered('none'));
    expect(budgetOf(entries(plain, 1), plain, { ...caps, epsilon: Infinity })).toMatchObject({
      spentEpsilon: Infinity,
      epsilonAtEnd: Infinity,
      worstEpsilon: Infinity,
      roundsMax: 50,
    });
  });
});
