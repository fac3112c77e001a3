import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  adaptsClip,
  laneValuesOf,
  nextClipNorm,
  shareWithinClip,
  updateNoiseMultiplier,
  withClipNorm,
} from './adaptive-clip.ts';
import { reference } from './goldens/reference.ts';
import { countedMechanism } from './ledger.ts';
import { parametersForOffer } from './mechanism.ts';
import { epsilonOfNoise, epsilonOfOffer, integerSensitivity } from './mechanism-epsilon.ts';
import type { MechanismParameters } from './mechanism-parameters.ts';
import { drawVariance, isSound } from './mechanism-parameters.ts';
import type { Plan } from './plan.ts';
import { planRun } from './plan.ts';
import type { PlanSettings, SettingFault } from './plan-settings.ts';
import { CLIP_RANGE, settingFault } from './plan-settings.ts';

const settings: PlanSettings = {
  mode: 'distributed',
  clients: 200,
  rounds: 30,
  participations: 30,
  epsilon: 8,
  delta: 1e-5,
  clipNorm: 1,
  parameters: 1_000,
  bits: 20,
  minSurvivors: 160,
  accomplices: 10,
  lanes: [],
  adaptiveClip: true,
};
const NOISY = ['distributed', 'central', 'local'] as const;

function planned(change: Partial<PlanSettings> = {}): Plan {
  const result = planRun({ ...settings, ...change });
  return result.ok ? result.value : expect.unreachable(result.fault.reason);
}

function offered(change: Partial<PlanSettings> = {}): MechanismParameters {
  const result = parametersForOffer({ ...settings, ...change });
  return result.ok ? result.value : expect.unreachable(result.fault.reason);
}

function refused(change: Partial<PlanSettings>): SettingFault {
  const result = planRun({ ...settings, ...change });
  return result.ok ? expect.unreachable('accepted') : result.fault;
}

describe('a participant’s lane', () => {
  const update = Float32Array.of(3, 0, -4);

  it('CLIP-1: says whether the update as it was trained is not longer than the clip', () => {
    expect(laneValuesOf(update, { clipNorm: 5, lanes: [70] })).toEqual([70]);
    expect(laneValuesOf(update, { clipNorm: 4.999, lanes: [70] })).toEqual([-70]);
    expect(
      laneValuesOf(
        update.map((x) => 1_000 * x),
        { clipNorm: 5, lanes: [70] },
      ),
    ).toEqual([-70]);
  });

  it('is none where the clip stays', () => {
    expect(laneValuesOf(update, { clipNorm: 5, lanes: [] })).toEqual([]);
    expect(adaptsClip(offered({ adaptiveClip: false }))).toBe(false);
    expect(adaptsClip(offered())).toBe(true);
  });
});

describe('what the sum of the lanes says', () => {
  it('CLIP-4: is the share of updates within the clip, of which one that failed is a half', () => {
    // Three within and one not: 3B − B.
    expect(shareWithinClip(2 * 70, 70, 4)).toBe(0.75);
    // One within, one not, two failed.
    expect(shareWithinClip(0, 70, 4)).toBe(0.5);
    expect(shareWithinClip(-4 * 70, 70, 4)).toBe(0);
  });

  it('is cut off to 0..1 where the noise carries it beyond', () => {
    expect(shareWithinClip(9 * 70, 70, 4)).toBe(1);
    expect(shareWithinClip(-9 * 70, 70, 4)).toBe(0);
  });

  it('CLIP-4: moves the clip by η_C = 0.2 towards the median', () => {
    expect(nextClipNorm(3, 0.5)).toBe(3);
    // e^(−0.2·(1 − 0.5)) and e^(−0.2·(0 − 0.5)).
    expect(nextClipNorm(3, 1)).toBeCloseTo(3 * 0.9048374180359595, 12);
    expect(nextClipNorm(3, 0)).toBeCloseTo(3 * 1.1051709180756477, 12);
    expect(nextClipNorm(CLIP_RANGE.high, 0)).toBe(CLIP_RANGE.high);
    expect(nextClipNorm(CLIP_RANGE.low, 1)).toBe(CLIP_RANGE.low);
  });
});

describe('a mechanism whose clip has moved', () => {
  it('CLIP-2: costs the same, to the last digit, whatever the clip is, and keeps its grid', () => {
    const base = offered();
    fc.assert(
      fc.property(fc.double({ min: CLIP_RANGE.low, max: CLIP_RANGE.high, noNaN: true }), (clipNorm) => {
        const moved = withClipNorm(base, clipNorm);
        expect(countedMechanism(moved)).toEqual(countedMechanism(base));
        expect(epsilonOfOffer(moved, 30, 1e-5)).toBe(epsilonOfOffer(base, 30, 1e-5));
        expect((moved.clipNorm * moved.scale) / (base.clipNorm * base.scale)).toBeCloseTo(1, 14);
        expect(isSound(moved)).toBe(true);
      }),
    );
  });

  it('is none beyond the clips that there can be', () => {
    for (const clipNorm of [0, -1, NaN, Infinity, 1e-7, 1e7])
      expect(isSound(withClipNorm(offered(), clipNorm))).toBe(false);
  });
});

describe('update and lane together', () => {
  const rows = reference.rows.filter(({ group }) => group === 'adaptive_clip_split');
  const PARTICIPATIONS = 10;
  const DELTA = 1e-5;
  /** Of one Gaussian mechanism, at the orders of the mode: l2 is so large that Skellam noise is Gaussian to a millionth. */
  const gaussian = (mode: 'local' | 'distributed', z: number): number => {
    const sensitivity = { l1: 0, l2: 1e6 };
    const noise = { mode, sensitivity, variance: (1e6 * z) ** 2, participations: PARTICIPATIONS };
    return epsilonOfNoise(noise, DELTA).epsilon;
  };

  it.each(rows.filter(({ out }) => out['z_delta'] !== 'error'))(
    'cost what the reference split $id says: ε of one mechanism with $in.z',
    ({ in: { z, sigma_b }, out }) => {
      // A grid so fine that B = σ/2σ_b is whole.
      const bound = 1_000;
      const steps = 2 * Number(sigma_b) * bound;
      const squaredNormBound = Math.floor((steps / Number(out['z_delta'])) ** 2);
      const epsilonOf = (mode: 'local' | 'distributed', lanes: readonly number[]): number => {
        const sensitivity = integerSensitivity(squaredNormBound, 1_024, lanes);
        const noise = { mode, sensitivity, variance: steps ** 2, participations: PARTICIPATIONS };
        return epsilonOfNoise(noise, DELTA).epsilon;
      };
      for (const mode of ['local', 'distributed'] as const) {
        expect(epsilonOf(mode, [bound]) / gaussian(mode, Number(z))).toBeCloseTo(1, 3);
        // The lane is counted: without it there is less.
        expect(epsilonOf(mode, [])).toBeLessThan(epsilonOf(mode, [bound]));
      }
      // Gaussian noise has no term of its own beside the split.
      expect(epsilonOf('local', [bound]) / gaussian('local', Number(z))).toBeCloseTo(1, 6);
    },
  );

  it('are not planned where the reference refuses', () => {
    for (const { in: given } of rows.filter(({ out }) => out['z_delta'] === 'error')) {
      const [z, cohort] = [Number(given['z']), Number(given['cohort'])];
      expect(cohort).toBeLessThan(20 * z);
    }
  });
});

describe('a plan with an adaptive clip', () => {
  for (const mode of NOISY) {
    it(`in mode ${mode} meets the target with the lane, as every tab computes it again`, () => {
      const parameters = offered({ mode });
      expect(parameters.lanes).toHaveLength(1);
      const epsilon = epsilonOfOffer(parameters, 30, 1e-5);
      expect(epsilon).toBeLessThanOrEqual(8);
      expect(epsilon).toBeGreaterThan(8 * (1 - 1e-3));
      const [bound] = parameters.lanes;
      expect(epsilonOfOffer({ ...parameters, lanes: [2 * (bound ?? 0)] }, 30, 1e-5)).toBeGreaterThan(8);
    });

    it(`in mode ${mode} splits the budget as the paper does, σ_b = n/20`, () => {
      const plan = planned({ mode });
      const [bound = NaN] = plan.lanes;
      expect(bound).toBe(Math.ceil(plan.noiseSteps / (2 * (200 / 20))));
      const bitStdDev = plan.noiseSteps / (2 * bound);
      const update = plan.noiseSteps / Math.sqrt(plan.squaredNormBound);
      expect(update / updateNoiseMultiplier(plan.noiseMultiplier, bitStdDev)).toBeCloseTo(1, 9);
      const { noiseFactor, shareStdDev } = plan.adaptiveClip ?? expect.unreachable();
      expect(noiseFactor).toBeCloseTo(update / plan.noiseMultiplier, 9);
      expect(shareStdDev / (Math.sqrt(plan.price) / 20)).toBeCloseTo(1, 2);
    });
  }

  it('adds nothing where the clip stays', () => {
    expect(planned({ adaptiveClip: false })).toMatchObject({ lanes: [], adaptiveClip: null });
    expect(planned({ adaptiveClip: false })).toEqual(planned({ adaptiveClip: undefined }));
    // One lane of 20 bits, to whole bytes.
    const more = planned().uploadBytes - planned({ adaptiveClip: false }).uploadBytes;
    expect(Math.abs(more - 20 / 8)).toBeLessThan(1);
  });

  it('meets the target in the ring and leaves the update most of the budget, or says what would', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(
        fc.record({
          mode: fc.constantFrom(...NOISY),
          clients: fc.integer({ min: 5, max: 1_000 }),
          rounds: fc.integer({ min: 1, max: 100 }),
          epsilon: fc.double({ min: 0.1, max: 20, noNaN: true }),
          bits: fc.integer({ min: 10, max: 24 }),
          parameters: fc.constantFrom(1, 10, 1_000),
        }),
        (change) => {
          const minSurvivors = Math.ceil(0.8 * change.clients);
          const given = {
            ...settings,
            ...change,
            participations: change.rounds,
            minSurvivors,
            accomplices: 1,
          };
          const result = planRun(given);
          if (!result.ok) {
            const { setting, nearest } = result.fault;
            kinds.add(setting);
            if (nearest !== null)
              expect(planRun({ ...given, [setting]: nearest })).toMatchObject({ ok: true });
            return;
          }
          kinds.add('planned');
          const mechanism = parametersForOffer(given);
          if (!mechanism.ok) return expect.unreachable();
          const { lanes, squaredNormBound } = mechanism.value;
          // An update at the clip has room: what CLIP-3 asks of an offer.
          for (const clipNorm of [1, 1e-6, 0.3, 1e6]) {
            const moved = withClipNorm(mechanism.value, clipNorm);
            expect((moved.clipNorm * moved.scale) ** 2).toBeLessThanOrEqual(squaredNormBound + 1);
          }
          expect(epsilonOfOffer(mechanism.value, change.rounds, 1e-5)).toBeLessThanOrEqual(change.epsilon);
          expect(20 * result.value.noiseMultiplier).toBeLessThanOrEqual(change.clients);
          const draws = change.mode === 'central' ? 1 : change.clients;
          const deviation = Math.sqrt(draws * drawVariance(mechanism.value));
          expect(change.clients * (lanes[0] ?? NaN) + 4 * deviation).toBeLessThanOrEqual(
            2 ** (change.bits - 1) * (1 + 1e-12),
          );
          // √(4/3) at n = 20z.
          expect(result.value.adaptiveClip?.noiseFactor).toBeLessThanOrEqual(1.1548);
        },
      ),
      { seed: 1, numRuns: 60 },
    );
    expect([...kinds].toSorted()).toEqual(['bits', 'clients', 'epsilon', 'planned']);
  });

  it('leaves δ for the drawing of the lane’s noise, too', () => {
    const limit = (adaptiveClip: boolean): number =>
      refused({ parameters: 1, epsilon: 1_000, adaptiveClip }).nearest ?? NaN;
    // Two words in place of one: twice the draws, and so log 2 less of ε, both in tenths.
    expect(Math.abs(limit(false) - limit(true) - Math.LN2)).toBeLessThan(0.1001);
  });

  it('is refused in a cohort that is too small, with the least that is not', () => {
    const small = { clients: 40, minSurvivors: 30, accomplices: 1 };
    const fault = refused(small);
    expect(fault).toMatchObject({
      setting: 'clients',
      reason: expect.stringContaining('a fixed clip does not'),
    });
    const nearest = fault.nearest ?? NaN;
    const plan = planned({ ...small, clients: nearest });
    expect(20 * plan.noiseMultiplier).toBeLessThanOrEqual(nearest);
    expect(planRun({ ...settings, ...small, clients: nearest - 1 }).ok).toBe(false);
    expect(planRun({ ...settings, ...small, adaptiveClip: false }).ok).toBe(true);
  });

  it('is refused where no cohort would do, with the least ε that would', () => {
    const fault = refused({ epsilon: 0.5, rounds: 100, participations: 100 });
    expect(fault.setting).toBe('epsilon');
    const nearest = fault.nearest ?? NaN;
    const at = (epsilon: number) => planRun({ ...settings, rounds: 100, participations: 100, epsilon }).ok;
    expect(at(nearest)).toBe(true);
    expect(at(nearest - 0.1)).toBe(false);
  });

  it('is refused in a ring that the lane would overflow, with the bits that it fits', () => {
    // Without the lane the same ring serves.
    const tight = { bits: 10 };
    expect(planRun({ ...settings, ...tight, adaptiveClip: false }).ok).toBe(true);
    const fault = refused(tight);
    expect(fault).toMatchObject({ setting: 'bits', reason: expect.stringContaining('beside the count') });
    expect(planRun({ ...settings, ...tight, bits: fault.nearest ?? NaN }).ok).toBe(true);
  });

  it('is refused beside other lanes, which this version does not send', () => {
    expect(settingFault({ ...settings, lanes: [5] })).toMatchObject({ setting: 'lanes' });
  });
});
