import { describe, expect, it } from 'vitest';
import { cohortCounts } from './cohort.ts';
import {
  A,
  ALL_SHARED,
  ALL_TRAINED,
  B,
  C,
  D,
  OUTSIDER,
  accept,
  advertise,
  after,
  chunk,
  confirm,
  deadline,
  decline,
  effectOf,
  gone,
  inPhase,
  kinds,
  plan,
  play,
  progress,
  ready,
  returned,
  shared,
  shares,
  tabs,
  uploaded,
} from './examples.ts';
import { begin, step } from './step.ts';

describe('masking', () => {
  const { state: masking } = after(...ALL_SHARED);

  it('UPLOAD-1: an upload gets in the queue when its vector is masked, and once more after a reconnect', () => {
    for (let turn = 0; turn < 2; turn++)
      expect(step(masking, ready(A))).toEqual({
        state: masking,
        effects: [{ kind: 'queue-upload', from: A }],
      });
  });

  it('UPLOAD-2: takes chunks of U2 until their upload is complete', () => {
    expect(step(masking, chunk(A)).effects).toEqual([{ kind: 'take-chunk', from: A }]);
    const { state } = step(masking, uploaded(A));
    expect(cohortCounts(state)).toEqual({ invited: 4, training: 0, trained: 4, uploaded: 1 });
    for (const again of [chunk(A), ready(A)]) expect(step(state, again)).toEqual({ state, effects: [] });
    expect(step(masking, chunk(OUTSIDER))).toMatchObject({
      state: masking,
      effects: [{ kind: 'send-fault', to: OUTSIDER, fault: { code: 'not-in-roster' } }],
    });
  });

  it('UPLOAD-4: the last upload freezes U3: persisted before anybody is asked', () => {
    const { state, effects } = after(...ALL_SHARED, ...[C, A, D, B].map(uploaded));
    expect(state).toMatchObject({ kind: 'confirming', u3: new Set([0, 1, 2, 3]), confirmed: new Set() });
    expect(effects).toEqual([
      { kind: 'cancel-timer', phase: 'masking' },
      { kind: 'freeze-uploads' },
      { kind: 'persist-unmasking', survivors: 4 },
      { kind: 'send-unmask-request', to: [A, B, C, D], u2: [0, 1, 2, 3], u3: [0, 1, 2, 3] },
      { kind: 'start-timer', phase: 'confirming', ms: 5_000 },
      { kind: 'publish' },
    ]);
  });

  it.each([
    ['a lost tab', [gone(D), uploaded(C)]],
    ['a decline', [uploaded(C), decline(D)]],
    ['the deadline', [uploaded(C), deadline('masking')]],
  ])('UPLOAD-4: in U2 without a complete upload, by %s: not in U3, and told so', (_, events) => {
    const frozen = after(...ALL_SHARED, uploaded(A), uploaded(B), chunk(D), ...events);
    expect(inPhase(frozen, 'confirming').u3).toEqual(new Set([0, 1, 2]));
    expect(effectOf(frozen, 'send-dismissed')?.to).toEqual([D]);
    expect(effectOf(frozen, 'send-unmask-request')).toMatchObject({
      to: [A, B, C],
      u2: [0, 1, 2, 3],
      u3: [0, 1, 2],
    });
  });

  it('UPLOAD-4: one that uploaded before it was lost is in U3', () => {
    const frozen = after(...ALL_SHARED, uploaded(A), gone(A), uploaded(B), uploaded(C), uploaded(D));
    expect(inPhase(frozen, 'confirming').u3.has(0)).toBe(true);
  });

  it('UPLOAD-4: fewer than minSurvivors: nothing is opened', () => {
    const short = after(...ALL_SHARED, uploaded(A), uploaded(B), deadline('masking'));
    expect(short.state).toMatchObject({ kind: 'aborted', code: 'too-few-uploaded', dropped: 0 });
    expect(kinds(short.effects)).toEqual([
      'cancel-timer',
      'discard-uploads',
      'persist-aborted',
      'send-abort',
      'publish',
    ]);
    expect(effectOf(short, 'send-abort')?.to).toEqual([A, B, C, D]);
  });

  it('UPLOAD-4: enough survivors, but fewer than t that hold somebody’s shares: nothing is opened', () => {
    // n = 5, C = 1, t = 4; three survive.
    const ids = tabs(5);
    const short = play(begin({ ...plan, invited: ids, dropoutPerMille: 200 }), [
      ...ids.map(accept),
      ...ids.map((from) => advertise(from)),
      ...ids.map((from) => shared(from, [0, 1, 2, 3, 4])),
      ...ids.slice(0, 3).map(uploaded),
      deadline('masking'),
    ]);
    expect(short.state).toMatchObject({
      kind: 'aborted',
      code: 'too-few-uploaded',
      detail: expect.stringContaining('masks of 5'),
    });
  });

  it('a tab that returns is asked again; one outside U2 is told that the round went on', () => {
    const back = step(step(masking, gone(A)).state, returned(A));
    expect(inPhase(back, 'masking').absent.size).toBe(0);
    expect(effectOf(back, 'send-mask-request')).toMatchObject({ to: [A], u2: [0, 1, 2, 3] });
    const ids = tabs(5);
    const without = play(begin({ ...plan, invited: ids, dropoutPerMille: 0 }), [
      ...ids.map(accept),
      ...ids.map((from) => advertise(from)),
      ...ids.slice(0, 4).map((from) => shared(from, [0, 1, 2, 3])),
      deadline('sharing'),
    ]);
    const out = ids.slice(4);
    expect(inPhase(without, 'masking').u2).toEqual(new Set([0, 1, 2, 3]));
    expect(effectOf(without, 'send-dismissed')?.to).toEqual(out);
    expect(effectOf(step(without.state, returned(out[0] ?? A)), 'send-dismissed')?.to).toEqual(out);
    expect(step(without.state, returned(OUTSIDER))).toEqual({ state: without.state, effects: [] });
  });

  it('words about shares that come late change nothing', () => {
    for (const late of [shared(A, [0]), shares(A), accept(A), advertise(A), deadline('sharing')])
      expect(step(masking, late)).toEqual({ state: masking, effects: [] });
  });

  it('FAULT-1: what belongs to other phases is a fault and changes nothing', () => {
    for (const event of [progress(A), confirm(A), advertise(A, 'another')])
      expect(step(masking, event)).toMatchObject({
        state: masking,
        effects: [{ kind: 'send-fault', to: A }],
      });
  });

  it('all of U2 lost while they shared: the round ends instead of waiting for nobody', () => {
    const { state } = after(
      ...ALL_TRAINED,
      ...[A, B, C].flatMap((from) => [shared(from), gone(from)]),
      shared(D),
      gone(D),
    );
    expect(state).toMatchObject({ kind: 'aborted', code: 'too-few-uploaded' });
  });
});
