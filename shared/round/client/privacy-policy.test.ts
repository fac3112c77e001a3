import { describe, expect, it } from 'vitest';
import { isSid, type Sid } from '../../base/ids.ts';
import { withClipNorm } from '../../privacy/adaptive-clip.ts';
import type { OfferedPrivacy } from '../../privacy/offered-privacy.ts';
import { checkedPrivacy } from '../../privacy/settings.ts';
import { parameterCount } from '../../tasks/layout.ts';
import { vectorWordsOf } from '../vector.ts';
import { offer, offered, policy, task } from './examples.ts';
import { countedOffer } from './privacy-policy.ts';
import type { ClientPolicy } from './types.ts';

const run = {
  clients: 4,
  rounds: 10,
  minSurvivors: 3,
  accomplices: 1,
  parameters: parameterCount(task.model),
  lanes: [],
};

function noisy(mode: 'distributed' | 'central' | 'local' = 'distributed', rounds = 10): OfferedPrivacy {
  const settings = { mode, clipNorm: 1, bits: 20, epsilon: 4, delta: 1e-5 };
  const checked = checkedPrivacy(settings, { ...run, rounds });
  if (!checked.ok || checked.value === null) throw new Error('there is noise');
  return checked.value;
}

type Mechanism = OfferedPrivacy['mechanism'];

/** For one round, which so few are enough for at this ε. */
function adaptive(): OfferedPrivacy {
  const settings = {
    mode: 'local',
    clipNorm: 1,
    bits: 20,
    epsilon: 40,
    delta: 1e-5,
    adaptiveClip: true,
  } as const;
  const checked = checkedPrivacy(settings, { ...run, clients: 8, rounds: 1 });
  if (!checked.ok || checked.value === null) throw new Error(checked.ok ? 'no noise' : checked.fault.reason);
  return checked.value;
}

const take = (privacy: OfferedPrivacy | null, insists: Partial<ClientPolicy> = {}) =>
  offered({ privacy, vectorWords: vectorWordsOf(privacy, run.parameters) }, insists).state;
const refusal = (...given: Parameters<typeof take>): string => {
  const state = take(...given);
  return state.kind === 'left' ? state.detail : `accepted: ${state.kind}`;
};

const sidOf = (count: number): Sid => {
  const sid = count.toString(16).padStart(64, '0');
  return isSid(sid) ? sid : expect.unreachable();
};
/** A ledger with `count` earlier rounds of this client in this run. */
function spent(count: number, privacy: OfferedPrivacy | null): NonNullable<ClientPolicy['ledger']> {
  const ledger = policy.ledger ?? expect.unreachable();
  const mechanism = countedOffer({ ...offer, privacy });
  const entries = Array.from({ length: count }, (_, i) => ({
    run: ledger.run,
    client: ledger.self,
    sid: sidOf(i),
    mechanism,
  }));
  return { ...ledger, entries };
}

describe('an offer of noise', () => {
  it.each(['distributed', 'central', 'local'] as const)(
    'in mode %s that keeps its promise is taken',
    (mode) => {
      expect(take(noisy(mode))).toMatchObject({ kind: 'training' });
    },
  );

  it.each<[string, (privacy: OfferedPrivacy) => OfferedPrivacy, RegExp]>([
    [
      'less noise',
      (p) => ({ ...p, mechanism: { ...p.mechanism, noiseSteps: 0.9 * p.mechanism.noiseSteps } }),
      /gives ε = /,
    ],
    [
      'a longer update',
      (p) => ({ ...p, mechanism: { ...p.mechanism, squaredNormBound: 4 * p.mechanism.squaredNormBound } }),
      /gives ε = /,
    ],
    ['more rounds', (p) => ({ ...p, caps: { ...p.caps, participations: 11 } }), /gives ε = /],
    ['no rounds', (p) => ({ ...p, caps: { ...p.caps, participations: 0 } }), /after 0 rounds/],
    ['a δ that is none', (p) => ({ ...p, caps: { ...p.caps, delta: 0 } }), /gives ε = Infinity/],
    [
      'no noise under the name of some',
      (p) => ({ ...p, mechanism: { ...p.mechanism, noiseSteps: 0 } }),
      /none that can be made/,
    ],
    [
      'noise for another model',
      (p) => ({ ...p, mechanism: { ...p.mechanism, parameters: 5 } }),
      /for 5 parameters/,
    ],
    [
      'shares of more tabs than are waited for',
      (p) => ({ ...p, mechanism: { ...p.mechanism, minSurvivors: 4 } }),
      /counts on sums of 4/,
    ],
  ])('with %s is declined', (_, change, reason) => {
    expect(refusal(change(noisy()))).toMatch(reason);
  });

  it('CLIP-2: whose clip has moved is taken: in grid steps, and so in ε, it is the same', () => {
    const privacy = adaptive();
    for (const clipNorm of [1e-6, 0.3, 1, 7, 1e6]) {
      const mechanism = withClipNorm(privacy.mechanism, clipNorm);
      expect(take({ ...privacy, mechanism })).toMatchObject({ kind: 'training' });
      expect(countedOffer({ ...offer, privacy: { ...privacy, mechanism } })).toEqual(
        countedOffer({ ...offer, privacy }),
      );
    }
  });

  it.each<[string, (mechanism: Mechanism) => Partial<Mechanism>, RegExp]>([
    [
      'a lane that is larger than planned for',
      ({ lanes }) => ({ lanes: [3 * (lanes[0] ?? 0)] }),
      /gives ε = /,
    ],
    ['two lanes', ({ lanes }) => ({ lanes: [...lanes, 1] }), /numbers that this version does not send/],
    ['a clip of nothing', () => ({ clipNorm: 0 }), /none that can be made/],
    ['a clip below 0', () => ({ clipNorm: -1 }), /none that can be made/],
    ['a clip beyond all', () => ({ clipNorm: 1e7 }), /none that can be made/],
    ['a clip that is no number', () => ({ clipNorm: NaN }), /none that can be made/],
    ['a clip on the old scale', ({ clipNorm }) => ({ clipNorm: 2 * clipNorm }), /longer than the updates/],
    ['a finer grid', ({ scale }) => ({ scale: 2 * scale }), /longer than the updates/],
  ])('CLIP-3: with an adaptive clip and %s is declined', (_, change, reason) => {
    const privacy = adaptive();
    expect(
      refusal({ ...privacy, mechanism: { ...privacy.mechanism, ...change(privacy.mechanism) } }),
    ).toMatch(reason);
  });

  it('that counts on those who may not keep their noise secret is declined', () => {
    const privacy = noisy();
    const state = offered(
      {
        privacy,
        vectorWords: vectorWordsOf(privacy, run.parameters),
        accomplices: 2,
        minCohort: 4,
        minSurvivors: 3,
      },
      { minHonest: 1 },
    ).state;
    expect(state.kind === 'left' && state.detail).toMatch(/all but 1, but 2 of 4/);
  });

  it('that asks for more than the run promised is declined, and so is one without noise', () => {
    const promised = noisy().caps;
    expect(take(noisy(), { promised })).toMatchObject({ kind: 'training' });
    expect(refusal(noisy('distributed', 11), { promised })).toMatch(/more of this tab’s privacy/);
    expect(refusal(null, { promised })).toMatch(/more of this tab’s privacy/);
  });
});

describe('a ledger', () => {
  it('forbids one round more than the run’s caps, and not one less', () => {
    const privacy = noisy();
    expect(take(privacy, { ledger: spent(9, privacy) })).toMatchObject({ kind: 'training' });
    expect(refusal(privacy, { ledger: spent(10, privacy) })).toMatch(/as often as the run allows/);
    // Five rounds' noise is less: nine rounds of it have passed the budget before the caps are reached.
    const spentMore = spent(9, noisy('distributed', 5));
    expect(refusal(privacy, { ledger: spentMore })).toMatch(/pass the privacy budget of this run/);
  });

  it('forbids what would pass the person’s own limit, over all runs', () => {
    const privacy = noisy();
    const other = spent(3, privacy);
    const entries = other.entries.map((entry) => ({ ...entry, run: 'ponmlkjihgfedcba' as typeof other.run }));
    const insists = (epsilon: number) => ({
      ledger: { ...other, entries },
      ownLimit: { epsilon, delta: 1e-5 },
    });
    expect(refusal(privacy, insists(1))).toMatch(/own privacy limit/);
    expect(take(privacy, insists(4))).toMatchObject({ kind: 'training' });
  });

  it('with a limit forbids rounds without noise; without one they are free', () => {
    expect(refusal(null, { ownLimit: { epsilon: 100, delta: 1e-5 } })).toMatch(/own privacy limit/);
    expect(take(null, { ledger: spent(50, null) })).toMatchObject({ kind: 'training' });
  });

  it('that cannot be read forbids everything', () => {
    expect(refusal(null, { ledger: null })).toMatch(/could not count/);
  });
});
