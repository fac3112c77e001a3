import { bytesToHex } from '../../base/bytes.ts';
import { describe, expect, it } from 'vitest';
import { DURATION_MS } from '../../protocol/limits.ts';
import type { Offer } from '../../protocol/messages/directions.ts';
import { at, offer, offered } from './examples.ts';
import type { ClientPolicy, ClientStep } from './types.ts';

describe('an offer', () => {
  it('OFFER-2: is accepted at once where it meets the policy, and trained for', () => {
    expect(offered()).toMatchObject({
      state: { kind: 'training' },
      effects: [{ kind: 'send-accept' }, { kind: 'start-timer', ms: 3_300 }, { kind: 'train' }],
    });
  });

  it.each<[string, Partial<Offer>, Partial<ClientPolicy>]>([
    ['another task', { taskId: 'other' }, {}],
    ['a smaller cohort than the participant insists on', {}, { minCohort: 4 }],
    ['a smaller sum than the participant insists on', {}, { minSurvivors: 4 }],
    ['a sum that no cohort reaches', { minSurvivors: 4 }, {}],
    ['fewer invited than the cohort', { invited: 2 }, {}],
    ['more invited than the protocol allows', { invited: 1_001 }, {}],
    ['no accomplices to withstand', { accomplices: 0 }, {}],
    ['fewer honest ones than the participant insists on', { accomplices: 2 }, {}],
    ['fewer honest ones, by the policy', {}, { minHonest: 3 }],
    ['a longer vector than the policy allows', {}, { maxVectorWords: 6 }],
    ['a vector that is not the model’s', { vectorWords: offer.vectorWords + 1 }, {}],
    ['more epochs than the policy allows', { training: { ...offer.training, epochs: 6 } }, {}],
    ['weights whose sum could wrap', { weightMax: 65_536 }, {}],
    ['a ledger that could not be read', {}, { ledger: null }],
    [
      'a model that it has revealed its shares for four times, without a result',
      {},
      { revealed: new Map([[bytesToHex(offer.modelHash), 4]]) },
    ],
    ['no noise where some was promised', {}, { promised: { participations: 1, epsilon: 1, delta: 1e-5 } }],
  ])('OFFER-2: with %s is declined, and nothing is trained', (_, change, insists) => {
    expect(offered(change, insists)).toMatchObject({
      state: { kind: 'left', why: 'policy', revealed: false },
      effects: [{ kind: 'send-decline', reason: 'policy' }],
    });
  });
});

describe('a model that comes again', () => {
  it('is trained on after three attempts that ended after this participant had revealed its shares', () => {
    const revealed = new Map([[bytesToHex(offer.modelHash), 3]]);
    expect(offered({}, { revealed }).state.kind).toBe('training');
  });
});

describe('patience', () => {
  const waitMs = ({ effects }: ClientStep) =>
    effects.flatMap((effect) => (effect.kind === 'start-timer' ? [effect.ms] : []))[0];

  it('outlasts a coordinator that keeps its deadlines, with the default durations', () => {
    const { offered: answers, training } = DURATION_MS;
    expect(waitMs(offered({ durationsMs: DURATION_MS }))).toBeGreaterThan(answers + training);
  });

  it('outlasts each phase, but its own word on shares comes before the coordinator’s deadline', () => {
    const { sharing, masking, confirming, unmasking } = offer.durationsMs;
    expect(waitMs(at('sharing'))).toBeLessThan(sharing);
    expect(waitMs(at('shared'))).toBeGreaterThan(sharing);
    expect(waitMs(at('masking'))).toBeGreaterThan(masking);
    expect(waitMs(at('confirming'))).toBeGreaterThan(confirming);
    expect(waitMs(at('revealed'))).toBeGreaterThan(unmasking);
  });
});
