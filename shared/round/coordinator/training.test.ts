import { describe, expect, it } from 'vitest';
import {
  A,
  B,
  C,
  D,
  key,
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
  roster,
  ALL_TRAINED,
} from './examples.ts';
import { step } from './step.ts';

describe('training', () => {
  it('ROSTER-1: freezes a roster sorted by participant when all have advertised', () => {
    const { state, effects } = after(...ALL_TRAINED);
    expect(state).toMatchObject({ kind: 'masking', roster, uploaded: new Set() });
    expect(effects).toEqual([
      { kind: 'cancel-timer', phase: 'training' },
      { kind: 'send-roster', to: [A, B, C, D], entries: roster },
      { kind: 'start-timer', phase: 'masking', ms: 4_000 },
      { kind: 'publish' },
    ]);
  });

  it('TRAIN-4: one that is lost or gives up costs nothing while enough remain', () => {
    const trained = [...ALL_ACCEPT, advertise(A), advertise(B)];
    expect(after(...trained, advertise(C), gone(D)).state).toMatchObject({
      kind: 'masking',
      roster: roster.slice(0, 3),
      dropped: new Set([D]),
    });
    expect(after(...trained, gone(A), advertise(C), advertise(D)).state).toMatchObject({
      kind: 'masking',
      roster: roster.slice(1),
    });
    expect(after(...trained, advertise(C), decline(D)).state).toMatchObject({ dropped: new Set([D]) });
  });

  it('TRAIN-4: one too many lost ends the round at once', () => {
    const { state, effects } = after(...ALL_ACCEPT, advertise(A), gone(B), gone(C));
    expect(state).toMatchObject({ kind: 'aborted', code: 'too-few-trained', dropped: 2 });
    expect(kinds(effects)).toEqual(['cancel-timer', 'persist-aborted', 'send-abort', 'publish']);
    expect(effects[2]).toMatchObject({ to: [D, A] });
  });

  it('TRAIN-5: the deadline goes on with minCohort and tells the late', () => {
    const { state, effects } = after(
      ...ALL_ACCEPT,
      advertise(A),
      advertise(B),
      advertise(D),
      deadline('training'),
    );
    expect(state).toMatchObject({ kind: 'masking', dropped: new Set([C]) });
    expect(effects.slice(0, 2)).toMatchObject([
      { kind: 'send-abort', to: [C], code: 'not-in-roster' },
      { kind: 'send-roster', to: [A, B, D] },
    ]);
    for (const late of [advertise(C), progress(C), decline(C), accept(C), gone(C)])
      expect(step(state, late)).toEqual({ state, effects: [] });
  });

  it('TRAIN-5: the deadline with fewer ends the round', () => {
    const { state } = after(...ALL_ACCEPT, advertise(A), advertise(B), deadline('training'));
    expect(state).toMatchObject({ kind: 'aborted', code: 'too-few-trained' });
  });

  it('TRAIN-3: a second, different key counts its sender as gone; the round goes on', () => {
    for (const before of [ALL_ACCEPT, ALL_ACCEPT.slice(0, 3)]) {
      const { state, effects } = after(...before, advertise(A), advertise(A, 'another'));
      expect(state).toMatchObject({ dropped: new Set([A]), advertised: new Map() });
      expect(effects[0]).toMatchObject({ kind: 'send-fault', to: A, fault: { code: 'second-key' } });
      expect(step(state, advertise(A)).state).toEqual(state);
    }
  });

  it('TRAIN-3: another participant’s key counts its sender as gone; the round goes on', () => {
    for (const before of [ALL_ACCEPT, ALL_ACCEPT.slice(0, 3)]) {
      const { state, effects } = after(...before, advertise(A), advertise(B, key(A)));
      expect(state).toMatchObject({ dropped: new Set([B]), advertised: new Map([[A, key(A)]]) });
      expect(effects[0]).toMatchObject({ kind: 'send-fault', to: B, fault: { code: 'second-key' } });
    }
  });

  it('TRAIN-3: exact duplicates change nothing and say nothing', () => {
    for (const events of [ALL_ACCEPT, ALL_ACCEPT.slice(0, 2)]) {
      const { state } = after(...events, advertise(A));
      expect(step(state, advertise(A))).toEqual({ state, effects: [] });
      expect(step(state, accept(A))).toEqual({ state, effects: [] });
      expect(step(state, accept(B))).toEqual({ state, effects: [] });
    }
  });

  it('FAULT-1: progress after advertise, and chunks, are faults and change nothing', () => {
    const { state } = after(...ALL_ACCEPT, advertise(A));
    for (const event of [progress(A), chunk(A), chunk(B)])
      expect(step(state, event)).toMatchObject({ state, effects: [{ kind: 'send-fault' }] });
    expect(step(state, progress(B))).toEqual({ state, effects: [{ kind: 'publish' }] });
  });
});
