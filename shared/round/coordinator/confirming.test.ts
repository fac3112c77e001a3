import { describe, expect, it } from 'vitest';
import {
  A,
  ALL_SHARED,
  ALL_UPLOADED,
  B,
  C,
  D,
  OUTSIDER,
  after,
  chunk,
  confirm,
  deadline,
  decline,
  effectOf,
  gone,
  inPhase,
  kinds,
  ready,
  returned,
  reveal,
  shared,
  uploaded,
} from './examples.ts';
import { step } from './step.ts';

/** U2 of four, U3 of three, t = 3. */
const WITHOUT_D = [...ALL_SHARED, uploaded(A), uploaded(B), uploaded(C), gone(D)];

describe('confirming', () => {
  const { state: confirming } = after(...ALL_UPLOADED);

  it('CONFIRM-2: the signatures of all go to all of U3 with the last', () => {
    const { state, effects } = after(...ALL_UPLOADED, ...[D, A, C, B].map(confirm));
    expect(state).toMatchObject({ kind: 'unmasking', revealed: new Set(), rebuilding: null, overdue: false });
    expect(effects).toEqual([
      { kind: 'cancel-timer', phase: 'confirming' },
      { kind: 'send-confirmations', to: [A, B, C, D], confirmed: [0, 1, 2, 3] },
      { kind: 'start-timer', phase: 'unmasking', ms: 6_000 },
      { kind: 'publish' },
    ]);
  });

  it('CONFIRM-2: who is lost or late is not waited for where t have signed', () => {
    for (const event of [gone(D), decline(D), deadline('confirming')]) {
      const { state, effects } = after(...ALL_UPLOADED, confirm(A), confirm(B), confirm(C), event);
      expect(state).toMatchObject({ kind: 'unmasking', confirmed: new Set([0, 1, 2]) });
      expect(effects).toContainEqual({
        kind: 'send-confirmations',
        to: [A, B, C, D],
        confirmed: [0, 1, 2],
      });
    }
  });

  it('CONFIRM-3: fewer than t signatures: nothing is opened, and uploads are forgotten', () => {
    const short = after(...ALL_UPLOADED, confirm(A), confirm(B), deadline('confirming'));
    expect(short.state).toMatchObject({ kind: 'aborted', code: 'too-few-confirmed' });
    expect(kinds(short.effects)).toEqual([
      'cancel-timer',
      'discard-uploads',
      'persist-aborted',
      'send-abort',
      'publish',
    ]);
    expect(effectOf(short, 'send-abort')?.to).toEqual([A, B, C, D]);
    expect(after(...WITHOUT_D, confirm(A), confirm(B), gone(C)).state).toMatchObject({
      kind: 'aborted',
      code: 'too-few-confirmed',
      dropped: 1,
    });
  });

  it('UPLOAD-5: an upload after U3 froze is discarded unread, and its sender never comes back in', () => {
    const { state } = after(...WITHOUT_D);
    for (const late of [chunk(D), ready(D)]) expect(step(state, late)).toEqual({ state, effects: [] });
    expect(() => step(state, uploaded(D))).toThrow('invariant broken');
    const back = step(state, returned(D));
    expect(back.state).toBe(state);
    expect(back.effects).toMatchObject([{ kind: 'send-dismissed', to: [D] }]);
    expect(step(state, confirm(D))).toMatchObject({ state, effects: [{ kind: 'send-fault', to: D }] });
  });

  it('SAME-1: a confirm sent again is ignored', () => {
    const { state } = after(...ALL_UPLOADED, confirm(A));
    expect(step(state, confirm(A))).toEqual({ state, effects: [] });
  });

  it('a tab of U3 that returns is asked again, whatever it missed', () => {
    const { state: lost } = after(...ALL_UPLOADED, gone(A));
    const back = step(lost, returned(A));
    expect(inPhase(back, 'confirming').absent.size).toBe(0);
    expect(effectOf(back, 'send-unmask-request')).toMatchObject({ to: [A], u3: [0, 1, 2, 3] });
    expect(step(back.state, confirm(A)).state).toMatchObject({ confirmed: new Set([0]) });
    expect(step(lost, returned(OUTSIDER))).toEqual({ state: lost, effects: [] });
  });

  it('FAULT-1: shares before the signatures are a fault, and so are words of other phases', () => {
    for (const event of [reveal(A), shared(A)])
      expect(step(confirming, event)).toMatchObject({
        state: confirming,
        effects: [{ kind: 'send-fault', to: A, fault: { code: 'wrong-phase' } }],
      });
    expect(step(confirming, chunk(OUTSIDER))).toMatchObject({
      state: confirming,
      effects: [{ kind: 'send-fault', to: OUTSIDER, fault: { code: 'not-in-roster' } }],
    });
  });

  it('all of U3 lost while they uploaded: the round ends instead of waiting for nobody', () => {
    const frozen = after(
      ...ALL_SHARED,
      ...[A, B, C].flatMap((from) => [uploaded(from), gone(from)]),
      uploaded(D),
      gone(D),
    );
    expect(frozen.state).toMatchObject({ kind: 'aborted', code: 'too-few-confirmed' });
  });
});
