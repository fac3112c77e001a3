import { describe, expect, it } from 'vitest';
import { cohortCounts } from './cohort.ts';
import {
  A,
  ALL_ACCEPT,
  B,
  C,
  D,
  accept,
  advertise,
  after,
  chunk,
  confirm,
  deadline,
  decline,
  effectOf,
  gone,
  kinds,
  plan,
  progress,
  ready,
  returned,
  reveal,
  shared,
  shares,
} from './examples.ts';
import { begin, step } from './step.ts';

describe('begin', () => {
  it('OFFER-1: waits for the answers of all who are invited', () => {
    const { state, effects } = begin(plan);
    expect(cohortCounts(state)).toEqual({ invited: 4, training: 0, trained: 0, uploaded: 0 });
    expect(effects).toEqual([{ kind: 'start-timer', phase: 'offered', ms: 1_000 }, { kind: 'publish' }]);
  });

  it('refuses a cohort or a sum of under three, fewer invited than the cohort, and one invited twice', () => {
    expect(() => begin({ ...plan, minCohort: 2 })).toThrow('MIN_COHORT');
    expect(() => begin({ ...plan, minSurvivors: 2 })).toThrow('MIN_COHORT');
    expect(() => begin({ ...plan, invited: [A, B] })).toThrow('minCohort');
    expect(() => begin({ ...plan, invited: [A, B, C, A] })).toThrow('once');
  });
});

describe('offered', () => {
  it('OFFER-4: training begins with the last answer', () => {
    expect(after(accept(A), accept(B), accept(C)).state.kind).toBe('offered');
    const { state, effects } = after(...ALL_ACCEPT);
    expect(cohortCounts(state)).toEqual({ invited: 4, training: 4, trained: 0, uploaded: 0 });
    expect(effects).toEqual([
      { kind: 'cancel-timer', phase: 'offered' },
      { kind: 'start-timer', phase: 'training', ms: 2_000 },
      { kind: 'publish' },
    ]);
  });

  it('OFFER-4: a decline or a lost tab is an answer; one too many ends the round at once', () => {
    expect(after(accept(A), accept(B), decline(D), accept(C)).state).toMatchObject({
      kind: 'training',
      declined: new Set([D]),
      dropped: new Set(),
    });
    expect(after(accept(A), accept(B), accept(C), gone(D)).state.kind).toBe('training');
    const { state, effects } = after(accept(A), decline(B), gone(C));
    expect(state).toMatchObject({ kind: 'aborted', code: 'too-few-accepted', declined: 1, dropped: 0 });
    expect(effects).toMatchObject([
      { kind: 'cancel-timer', phase: 'offered' },
      { kind: 'persist-aborted', code: 'too-few-accepted' },
      { kind: 'send-abort', to: [D, A] },
      { kind: 'publish' },
    ]);
  });

  it('OFFER-4: one that accepted and left, or declines later, counts as dropped', () => {
    expect(after(accept(A), gone(A), accept(B), accept(C), accept(D)).state).toMatchObject({
      kind: 'training',
      dropped: new Set([A]),
    });
    expect(after(accept(A), decline(A)).state).toMatchObject({ dropped: new Set([A]), declined: new Set() });
  });

  it('OFFER-5: the deadline leaves out who has not answered, and tells them', () => {
    const closed = after(accept(A), accept(B), accept(C), deadline('offered'));
    expect(closed.state).toMatchObject({ kind: 'training', pending: new Set([A, B, C]) });
    expect(effectOf(closed, 'send-dismissed')?.to).toEqual([D]);
    expect(step(closed.state, accept(D))).toEqual({ state: closed.state, effects: [] });
  });

  it('OFFER-5: the deadline with fewer than minCohort ends the round for all who are in it', () => {
    const closed = after(accept(A), accept(B), deadline('offered'));
    expect(closed.state).toMatchObject({ kind: 'aborted', code: 'too-few-accepted' });
    expect(effectOf(closed, 'send-abort')?.to).toEqual([D, C, A, B]);
  });

  it('TRAIN-2: a quick one may advertise before the others have answered; the roster may freeze with the last answer', () => {
    const { state } = after(accept(A), advertise(A), accept(B), accept(C), accept(D));
    expect(cohortCounts(state)).toEqual({ invited: 4, training: 3, trained: 1, uploaded: 0 });
    const early = [A, B, C].flatMap((from) => [accept(from), advertise(from)]);
    const frozen = after(...early, decline(D));
    expect(frozen.state.kind).toBe('sharing');
    expect(kinds(frozen.effects)).toEqual(['cancel-timer', 'send-roster', 'start-timer', 'publish']);
    const { state: late, effects } = after(...early, deadline('offered'));
    expect(late.kind).toBe('sharing');
    expect(kinds(effects)).toEqual(['send-dismissed', 'send-roster', 'start-timer', 'publish']);
  });

  it('FAULT-1: what does not belong to the phase is a fault that names it, and changes nothing', () => {
    const { state } = begin(plan);
    const early = [progress, shares, ready, chunk, confirm, advertise, shared, reveal].map((make) => make(A));
    for (const event of early)
      expect(step(state, event)).toMatchObject({
        state,
        effects: [
          {
            kind: 'send-fault',
            to: A,
            fault: { code: 'wrong-phase', detail: expect.stringContaining('offered') },
          },
        ],
      });
    expect(step(state, returned(A))).toEqual({ state, effects: [] });
  });
});
