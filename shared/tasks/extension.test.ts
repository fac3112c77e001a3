import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { epsilonOfOffer } from '../privacy/mechanism-epsilon.ts';
import { MAX_ROUNDS } from '../protocol/limits.ts';
import { extendedSettings, type RunExtension } from './extension.ts';
import { currentTerms, promisedPrivacy, settingsAsMade, termsOf } from './run-terms.ts';
import { runSettings, type RunSettings, type RunSettingsInput } from './run.ts';
import { coversTerms } from './terms.ts';

const PARAMETERS = 7_850;
const settingsOf = (changes: Partial<RunSettingsInput> = {}): RunSettings =>
  v.parse(runSettings, {
    taskId: 'mnist-softmax',
    clients: 5,
    minCohort: 4,
    minSurvivors: 4,
    rounds: 4,
    privacy: { mode: 'distributed', clipNorm: 1, epsilon: 8, delta: 1e-5 },
    ...changes,
  });
const plain = settingsOf({ privacy: { mode: 'none' } });
const noisy = settingsOf();

function offered(settings: RunSettings) {
  const promised = promisedPrivacy(settings, PARAMETERS);
  if (!promised.ok || promised.value === null) return expect.unreachable('there is noise');
  return promised.value;
}
function extended(settings: RunSettings, asked: RunExtension): RunSettings {
  const result = extendedSettings(settings, PARAMETERS, asked);
  return result.ok ? result.value : expect.unreachable(result.fault.reason);
}

describe('an extension', () => {
  it('EXTEND-1: keeps the noise that was promised; the accountant says which ε more rounds of it lead to', () => {
    const longer = extended(noisy, { rounds: 8 });
    const { mechanism, caps } = offered(longer);
    expect(mechanism).toEqual(offered(noisy).mechanism);
    const leadsTo = epsilonOfOffer(mechanism, 8, 1e-5);
    expect(leadsTo).toBeGreaterThan(8);
    expect(caps).toEqual({ participations: 8, epsilon: caps.epsilon, delta: 1e-5 });
    expect(caps.epsilon - leadsTo).toBeGreaterThanOrEqual(0);
    expect(caps.epsilon - leadsTo).toBeLessThanOrEqual(0.1);
  });

  it('EXTEND-1: once more goes on from there, and what each asked is kept, oldest first', () => {
    const twice = extended(extended(noisy, { rounds: 6 }), { rounds: 9, participations: 7 });
    expect(termsOf(twice).map(({ rounds, caps }) => [rounds, caps?.participations])).toEqual([
      [4, 4],
      [6, 6],
      [9, 7],
    ]);
    expect(offered(twice).mechanism).toEqual(offered(noisy).mechanism);
    expect(settingsAsMade(twice)).toMatchObject({ rounds: 4, privacy: { epsilon: 8 } });
    for (const [i, terms] of termsOf(twice).entries())
      expect(
        termsOf(twice)
          .slice(i)
          .every((later) => coversTerms(later, terms)),
      ).toBe(true);
  });

  it('EXTEND-1: with a largest ε and no count gives as many participations as that has room for', () => {
    const longer = extended(noisy, { rounds: 100, epsilon: 11 });
    const { mechanism, caps } = offered(longer);
    expect(epsilonOfOffer(mechanism, caps.participations, 1e-5)).toBeLessThanOrEqual(11);
    expect(epsilonOfOffer(mechanism, caps.participations + 1, 1e-5)).toBeGreaterThan(11);
  });

  it('EXTEND-1: more rounds for others leave what one participant spends as it was', () => {
    const few = settingsOf({
      privacy: { mode: 'central', clipNorm: 1, epsilon: 8, delta: 1e-5, participations: 2 },
    });
    expect(currentTerms(extended(few, { rounds: 9 })).caps).toEqual(currentTerms(few).caps);
  });

  it('EXTEND-1: of a run without noise is of its rounds alone', () => {
    expect(extended(plain, { rounds: 7 })).toEqual({
      ...plain,
      rounds: 7,
      earlier: [{ rounds: 4, caps: null }],
    });
    expect(promisedPrivacy(extended(plain, { rounds: 7 }), PARAMETERS)).toEqual({ ok: true, value: null });
  });

  const refused: [string, RunSettings, RunExtension, string][] = [
    ['fewer rounds', noisy, { rounds: 3 }, 'rounds'],
    ['as many rounds', noisy, { rounds: 4 }, 'rounds'],
    ['as many rounds, without noise', plain, { rounds: 4 }, 'rounds'],
    ['half a round', noisy, { rounds: 6.5 }, 'rounds'],
    ['no number of rounds', noisy, { rounds: Number.NaN }, 'rounds'],
    ['too many rounds', plain, { rounds: MAX_ROUNDS + 1 }, 'rounds'],
    ['fewer participations', noisy, { rounds: 8, participations: 3 }, 'participations'],
    ['more participations than rounds', noisy, { rounds: 8, participations: 9 }, 'participations'],
    ['a smaller ε', noisy, { rounds: 8, epsilon: 7 }, 'epsilon'],
    ['an ε that its participations pass', noisy, { rounds: 8, participations: 8, epsilon: 8.5 }, 'epsilon'],
    ['an ε without room for one round more', noisy, { rounds: 8, epsilon: 8 }, 'epsilon'],
  ];
  it.each(refused)('EXTEND-1: is refused with %s, naming what works', (_, settings, asked, setting) => {
    const result = extendedSettings(settings, PARAMETERS, asked);
    if (result.ok) return expect.unreachable('it was taken');
    expect(result.fault.setting).toBe(setting);
    expect(result.fault.nearest).not.toBeNull();
    const again = { ...asked, [setting]: result.fault.nearest };
    expect(extendedSettings(settings, PARAMETERS, again)).toMatchObject({ ok: true });
  });

  it('EXTEND-1: is refused with caps where no noise is added: there is nothing to cap', () => {
    for (const asked of [
      { rounds: 8, epsilon: 9 },
      { rounds: 8, participations: 8 },
    ])
      expect(extendedSettings(plain, PARAMETERS, asked)).toMatchObject({ fault: { nearest: null } });
  });

  it('EXTEND-1: never takes back what was promised, whatever is asked', () => {
    const anyNumber = fc.oneof(fc.integer({ min: -2, max: 40 }), fc.double());
    fc.assert(
      fc.property(
        fc.record({ rounds: anyNumber, participations: anyNumber, epsilon: anyNumber }, { requiredKeys: [] }),
        (asked) => {
          const result = extendedSettings(noisy, PARAMETERS, asked);
          if (!result.ok) return;
          const [before, after] = [currentTerms(noisy), currentTerms(result.value)];
          expect(coversTerms(after, before)).toBe(true);
          const { mechanism, caps } = offered(result.value);
          expect(epsilonOfOffer(mechanism, caps.participations, caps.delta)).toBeLessThanOrEqual(
            caps.epsilon,
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});
