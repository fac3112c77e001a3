import { describe, expect, it } from 'vitest';
import { cohortCounts } from './cohort.ts';
import {
  A,
  B,
  C,
  D,
  plan,
  accept,
  decline,
  gone,
  chunk,
  progress,
  advertise,
  deadline,
  after,
  kinds,
  ALL_ACCEPT,
} from './examples.ts';
import { begin, step } from './step.ts';

describe('begin', () => {
  it('OFFER-1: waits for the answers of all who are invited', () => {
    const { state, effects } = begin(plan);
    expect(cohortCounts(state)).toEqual({ invited: 4, training: 0, trained: 0, uploaded: 0 });
    expect(effects).toEqual([{ kind: 'start-timer', phase: 'offered', ms: 1_000 }, { kind: 'publish' }]);
  });

  it('RUN-2: refuses a cohort under three, fewer invited than the cohort, and one invited twice', () => {
    expect(() => begin({ ...plan, minCohort: 2 })).toThrow('MIN_COHORT');
    expect(() => begin({ ...plan, invited: [A, B] })).toThrow('minCohort');
    expect(() => begin({ ...plan, invited: [A, B, A] })).toThrow('once');
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

  it('OFFER-4: a decline or a lost socket is an answer; one too many ends the round at once', () => {
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
    const { state, effects } = after(accept(A), accept(B), accept(C), deadline('offered'));
    expect(state).toMatchObject({ kind: 'training', pending: new Set([A, B, C]) });
    expect(effects[0]).toMatchObject({ kind: 'send-abort', to: [D], code: 'not-in-roster' });
    expect(step(state, accept(D))).toEqual({ state, effects: [] });
  });

  it('OFFER-5: the deadline with fewer than minCohort ends the round', () => {
    const { state, effects } = after(accept(A), accept(B), deadline('offered'));
    expect(state).toMatchObject({ kind: 'aborted', code: 'too-few-accepted' });
    expect(effects).toContainEqual(expect.objectContaining({ kind: 'send-abort', to: [D, C, A, B] }));
  });

  it('TRAIN-2: one that is quick may advertise before the others have answered', () => {
    const { state } = after(accept(A), advertise(A), accept(B), accept(C), accept(D));
    expect(cohortCounts(state)).toEqual({ invited: 4, training: 3, trained: 1, uploaded: 0 });
    const early = [A, B, C].flatMap((from) => [accept(from), advertise(from)]);
    const { state: masking, effects } = after(...early, decline(D));
    expect(masking.kind).toBe('masking');
    expect(kinds(effects)).toEqual(['cancel-timer', 'send-roster', 'start-timer', 'publish']);
  });

  it('FAULT-1: a key or progress before accept, and chunks, are faults and change nothing', () => {
    for (const event of [advertise(A), progress(A), chunk(A)]) {
      const { state, effects } = after(event);
      expect(state).toEqual(begin(plan).state);
      expect(effects).toMatchObject([
        {
          kind: 'send-fault',
          to: A,
          fault: { code: 'wrong-phase', detail: expect.stringContaining('offered') },
        },
      ]);
    }
  });
});
