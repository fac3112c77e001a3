import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { offeredPrivacy } from './offered-privacy.ts';
import type { SettingName } from './plan-settings.ts';
import type { PlannedRun, PrivacySettings } from './settings.ts';
import { checkedPrivacy, privacySettings, refusalText } from './settings.ts';

const run: PlannedRun = {
  clients: 40,
  rounds: 50,
  minSurvivors: 30,
  accomplices: 1,
  parameters: 7_850,
  lanes: [],
};
const noisy = { mode: 'distributed', clipNorm: 1, bits: 20, epsilon: 8, delta: 1e-5 } as const;

interface Change {
  readonly run?: Partial<PlannedRun>;
  readonly privacy?: Partial<Record<'clipNorm' | 'bits' | 'epsilon' | 'delta' | 'participations', number>>;
}

const checked = (mode: Exclude<PrivacySettings['mode'], 'none'>, change: Change = {}) =>
  checkedPrivacy({ ...noisy, mode, ...change.privacy }, { ...run, ...change.run });

/** The change with the faulty setting at the value that the refusal names. */
function repaired({ run: runChange, privacy }: Change, setting: SettingName, nearest: number): Change {
  if (setting === 'lanes') return { run: { ...runChange, lanes: [nearest] }, ...(privacy && { privacy }) };
  return setting in run
    ? { run: { ...runChange, [setting]: nearest }, ...(privacy && { privacy }) }
    : { privacy: { ...privacy, [setting]: nearest }, ...(runChange && { run: runChange }) };
}

describe('privacy settings that can be kept', () => {
  for (const mode of ['distributed', 'central', 'local'] as const) {
    it(`in mode ${mode} become the offer's numbers and a client's caps`, () => {
      const result = checked(mode, { privacy: { participations: 20 } });
      if (!result.ok) throw new Error(result.fault.reason);
      expect(v.parse(offeredPrivacy, result.value)).toEqual(result.value);
      expect(result.value?.caps).toEqual({ participations: 20, epsilon: 8, delta: 1e-5 });
      expect(result.value?.mechanism).toMatchObject({ mode, bits: 20, minSurvivors: 30, accomplices: 1 });
      expect(result.value?.mechanism.noiseSteps).toBeGreaterThan(0);
    });
  }

  it.each(['distributed', 'central', 'local'] as const)('in mode %s may adapt the clip', (mode) => {
    const crowd = { clients: 200, minSurvivors: 150, accomplices: 10 };
    const result = checkedPrivacy({ ...noisy, mode, adaptiveClip: true }, { ...run, ...crowd });
    if (!result.ok) return expect.unreachable(result.fault.reason);
    expect(v.parse(offeredPrivacy, result.value)).toEqual(result.value);
    expect(result.value?.mechanism.lanes).toHaveLength(1);
    const fixed = checkedPrivacy({ ...noisy, mode, adaptiveClip: false }, { ...run, ...crowd });
    expect(fixed).toMatchObject({ value: { mechanism: { lanes: [] } } });
    const small = checkedPrivacy({ ...noisy, mode, adaptiveClip: true }, run);
    expect(small.ok ? '' : refusalText(small.fault)).toMatch(
      /^clients: clients 40 are too few: an adaptive clip needs .* The nearest that works is 9\d\.$/,
    );
  });

  it('without noise put nothing into an offer', () => {
    expect(checkedPrivacy({ mode: 'none' }, run)).toEqual({ ok: true, value: null });
  });
});

describe('privacy settings are refused', () => {
  const refusals: [SettingName, Change][] = [
    ['clipNorm', { privacy: { clipNorm: 0 } }],
    ['clipNorm', { privacy: { clipNorm: -1 } }],
    ['clipNorm', { privacy: { clipNorm: NaN } }],
    ['clipNorm', { privacy: { clipNorm: 1e300 } }],
    ['clipNorm', { privacy: { clipNorm: Infinity } }],
    ['delta', { privacy: { delta: 1 / 40 } }],
    ['delta', { privacy: { delta: 2 } }],
    ['delta', { privacy: { delta: -1e-5 } }],
    ['delta', { privacy: { delta: 0 } }],
    ['delta', { privacy: { delta: NaN } }],
    ['epsilon', { privacy: { epsilon: 0 } }],
    ['epsilon', { privacy: { epsilon: -8 } }],
    ['epsilon', { privacy: { epsilon: NaN } }],
    ['epsilon', { privacy: { epsilon: 1e300 } }],
    ['participations', { privacy: { participations: 0 } }],
    ['participations', { privacy: { participations: 51 } }],
    ['participations', { privacy: { participations: 2.5 } }],
    ['bits', { privacy: { bits: 0 } }],
    ['bits', { privacy: { bits: 64 } }],
    ['bits', { privacy: { bits: NaN } }],
    ['bits', { privacy: { bits: 8 } }],
    ['bits', { privacy: { bits: 10, epsilon: 0.5 } }],
    ['minSurvivors', { run: { minSurvivors: 41 } }],
    ['minSurvivors', { run: { minSurvivors: -3 } }],
    ['accomplices', { run: { accomplices: 30 } }],
    ['accomplices', { run: { accomplices: 31 } }],
    ['accomplices', { run: { accomplices: 0 } }],
    ['accomplices', { run: { accomplices: NaN } }],
    ['clients', { run: { clients: 0, minSurvivors: 2 } }],
    ['clients', { run: { clients: 1e9 } }],
    ['rounds', { run: { rounds: 0 }, privacy: { participations: 1 } }],
    ['rounds', { run: { rounds: 1e9 }, privacy: { participations: 50 } }],
    ['parameters', { run: { parameters: 0 } }],
    ['lanes', { run: { lanes: [0] } }],
    ['lanes', { run: { lanes: [2 ** 19] } }],
    ['lanes', { run: { lanes: [NaN] } }],
  ];

  for (const mode of ['distributed', 'central', 'local'] as const) {
    it.each(refusals.map(([setting, change]) => ({ setting, change })))(
      `in mode ${mode} for $change, and the nearest of $setting works`,
      ({ setting, change }) => {
        const result = checked(mode, change);
        if (result.ok) throw new Error('accepted');
        expect(result.fault.setting).toBe(setting);
        expect(result.fault.reason).toContain(setting);
        if (result.fault.nearest === null) throw new Error('nothing is said to work');
        expect(checked(mode, repaired(change, setting, result.fault.nearest))).toMatchObject({ ok: true });
      },
    );
  }

  it('in the words of every refusal of a run: the setting, the reason, what works', () => {
    const delta = checked('distributed', { privacy: { delta: 0.5 } });
    expect(delta.ok ? '' : refusalText(delta.fault)).toBe(
      'privacy.delta: delta 0.5 is not above 0 and below 1/clients = 0.025, where it would allow one client to be given away. The nearest that works is 0.024.',
    );
    const survivors = checked('distributed', { run: { minSurvivors: 41 } });
    expect(survivors.ok ? '' : refusalText(survivors.fault)).toMatch(
      /^minSurvivors: .*2\.\.40.* The nearest that works is 40\.$/,
    );
    const hopeless = { setting: 'epsilon', reason: 'epsilon 1 is not reached', nearest: null } as const;
    expect(refusalText(hopeless)).toMatch(/^privacy\.epsilon: .* Nothing else works/);
  });
});

describe('the shape of privacy settings', () => {
  it('is one of the modes, with its own settings and no others', () => {
    expect(v.parse(privacySettings, { ...noisy, bits: undefined })).toEqual(noisy);
    expect(v.is(privacySettings, { mode: 'none' })).toBe(true);
    expect(v.parse(privacySettings, { ...noisy, adaptiveClip: true })).toEqual({
      ...noisy,
      adaptiveClip: true,
    });
    for (const wrong of [
      { ...noisy, mode: 'laplace' },
      { ...noisy, epsilon: '8' },
      { ...noisy, epsilon: null },
      { ...noisy, sigma: 1 },
      { mode: 'none', epsilon: 8 },
      { mode: 'none', clipNorm: 1 },
      { mode: 'none', adaptiveClip: true },
      { ...noisy, adaptiveClip: 1 },
      { mode: 'distributed', clipNorm: 1, epsilon: 8 },
      {},
    ])
      expect(v.is(privacySettings, wrong)).toBe(false);
  });
});
