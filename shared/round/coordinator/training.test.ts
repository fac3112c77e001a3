import { describe, expect, it } from 'vitest';
import {
  A,
  ALL_ACCEPT,
  ALL_TRAINED,
  B,
  C,
  D,
  accept,
  advertise,
  after,
  chunk,
  deadline,
  decline,
  digestOf,
  effectOf,
  gone,
  inPhase,
  kinds,
  plan,
  play,
  progress,
  returned,
  shared,
  tabs,
} from './examples.ts';
import { begin, step } from './step.ts';

describe('training', () => {
  it('ROSTER-1: freezes a roster sorted by participant when all have advertised', () => {
    const frozen = after(...ALL_TRAINED);
    const { cohort, held } = inPhase(frozen, 'sharing');
    expect(held.size).toBe(0);
    expect(cohort.roster).toEqual(
      [A, B, C, D].map((participant) => ({ participant, digest: digestOf(participant) })),
    );
    expect(frozen.effects).toEqual([
      { kind: 'cancel-timer', phase: 'training' },
      { kind: 'send-roster', to: [A, B, C, D], cohort },
      { kind: 'start-timer', phase: 'sharing', ms: 3_000 },
      { kind: 'publish' },
    ]);
  });

  it('ROSTER-1: in the complete graph all hold shares of all, with t = ⌊(n+C)/2⌋ + 1', () => {
    const { cohort } = inPhase(after(...ALL_TRAINED), 'sharing');
    expect(cohort.parameters).toEqual({ graph: 'complete', neighbours: 3, threshold: 3 });
    expect(cohort.neighbours[1]).toEqual([0, 2, 3]);
    expect(cohort.holders[1]).toEqual([0, 1, 2, 3]);
  });

  it('ROSTER-1: in a sparse graph its neighbours hold its shares and it does not', () => {
    const ids = tabs(100);
    const frozen = play(begin({ ...plan, invited: ids, accomplices: 5, dropoutPerMille: 50 }), [
      ...ids.map(accept),
      ...ids.map((from) => advertise(from)),
    ]);
    const { cohort } = inPhase(frozen, 'sharing');
    expect(cohort.parameters).toEqual({ graph: 'sparse', neighbours: 16, threshold: 11 });
    expect(cohort.holders).toEqual(cohort.neighbours);
    for (const [self, holders] of cohort.holders.entries()) {
      expect(holders).toHaveLength(16);
      expect(holders).not.toContain(self);
    }
  });

  it('unsafe-cohort: a roster that no graph protects is aborted before it is sent', () => {
    // t = ⌊(4+1)/2⌋ + 1 = 3 of 4 must stay, and 2 may drop.
    const unsafe = play(begin({ ...plan, dropoutPerMille: 500 }), ALL_TRAINED);
    expect(unsafe.state).toMatchObject({ kind: 'aborted', code: 'unsafe-cohort' });
    expect(kinds(unsafe.effects)).toEqual([
      'cancel-timer',
      'cancel-timer',
      'persist-aborted',
      'send-abort',
      'publish',
    ]);
    expect(effectOf(unsafe, 'send-abort')?.to).toEqual([A, B, C, D]);
  });

  it('TRAIN-4: one that is lost or gives up costs nothing while enough remain', () => {
    const trained = [...ALL_ACCEPT, advertise(A), advertise(B)];
    const rosterOf = (...events: Parameters<typeof after>) =>
      inPhase(after(...trained, ...events), 'sharing').cohort.roster.map((entry) => entry.participant);
    expect(rosterOf(advertise(C), gone(D))).toEqual([A, B, C]);
    expect(rosterOf(gone(A), advertise(C), advertise(D))).toEqual([B, C, D]);
    expect(after(...trained, advertise(C), decline(D)).state).toMatchObject({ dropped: new Set([D]) });
  });

  it('TRAIN-4: one too many lost ends the round at once', () => {
    const { state, effects } = after(...ALL_ACCEPT, advertise(A), gone(B), gone(C));
    expect(state).toMatchObject({ kind: 'aborted', code: 'too-few-trained', dropped: 2 });
    expect(kinds(effects)).toEqual(['cancel-timer', 'persist-aborted', 'send-abort', 'publish']);
    expect(effects[2]).toMatchObject({ to: [D, A] });
  });

  it('TRAIN-5: the deadline goes on with minCohort, tells the late, and takes nothing of them any more', () => {
    const closed = after(...ALL_ACCEPT, advertise(A), advertise(B), advertise(D), deadline('training'));
    expect(closed.state).toMatchObject({ kind: 'sharing', dropped: new Set([C]) });
    expect(closed.effects.slice(0, 2)).toMatchObject([
      { kind: 'send-dismissed', to: [C] },
      { kind: 'send-roster', to: [A, B, D] },
    ]);
    for (const late of [advertise(C), progress(C), decline(C), accept(C), gone(C), shared(C), returned(C)])
      expect(step(closed.state, late)).toEqual({ state: closed.state, effects: [] });
  });

  it('TRAIN-5: the deadline with fewer ends the round', () => {
    const { state } = after(...ALL_ACCEPT, advertise(A), advertise(B), deadline('training'));
    expect(state).toMatchObject({ kind: 'aborted', code: 'too-few-trained' });
  });

  it('TRAIN-3: a second, different advertise counts its sender as gone; the round goes on', () => {
    for (const before of [ALL_ACCEPT, ALL_ACCEPT.slice(0, 3)]) {
      const { state, effects } = after(...before, advertise(A), advertise(A, 'another'));
      expect(state).toMatchObject({ dropped: new Set([A]), advertised: new Map() });
      expect(effects[0]).toMatchObject({ kind: 'send-fault', to: A, fault: { code: 'second-key' } });
      expect(step(state, advertise(A)).state).toEqual(state);
    }
  });

  it('TRAIN-3: another participant’s mask key counts its sender as gone; the round goes on', () => {
    for (const before of [ALL_ACCEPT, ALL_ACCEPT.slice(0, 3)]) {
      const { state, effects } = after(...before, advertise(A), advertise(B, 'its own', `key of ${A}`));
      expect(state).toMatchObject({ dropped: new Set([B]) });
      expect(
        inPhase({ state, effects }, before === ALL_ACCEPT ? 'training' : 'offered').advertised.has(B),
      ).toBe(false);
      expect(effects[0]).toMatchObject({ kind: 'send-fault', to: B, fault: { code: 'second-key' } });
    }
  });

  it('TRAIN-3: exact duplicates change nothing and say nothing', () => {
    for (const events of [ALL_ACCEPT, ALL_ACCEPT.slice(0, 2)]) {
      const { state } = after(...events, advertise(A));
      for (const again of [advertise(A), accept(A), accept(B), returned(A)])
        expect(step(state, again)).toEqual({ state, effects: [] });
    }
  });

  it('FAULT-1: progress after advertise, and what belongs to later phases, are faults and change nothing', () => {
    const { state } = after(...ALL_ACCEPT, advertise(A));
    for (const event of [progress(A), chunk(A), chunk(B), shared(A)])
      expect(step(state, event)).toMatchObject({ state, effects: [{ kind: 'send-fault' }] });
    expect(step(state, progress(B))).toEqual({ state, effects: [{ kind: 'publish' }] });
  });
});
