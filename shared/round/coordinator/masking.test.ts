import { describe, expect, it } from 'vitest';
import { cohortCounts } from './cohort.ts';
import {
  A,
  B,
  C,
  D,
  OUTSIDER,
  accept,
  decline,
  gone,
  chunk,
  uploaded,
  progress,
  advertise,
  deadline,
  after,
  kinds,
  roster,
  ALL_TRAINED,
} from './examples.ts';
import { step } from './step.ts';

describe('masking', () => {
  const { state: masking } = after(...ALL_TRAINED);

  it('UPLOAD-2: takes chunks of members until their upload is complete', () => {
    expect(step(masking, chunk(A)).effects).toEqual([{ kind: 'take-chunk', from: A }]);
    const { state } = step(masking, uploaded(A));
    expect(cohortCounts(state)).toEqual({ invited: 4, training: 0, trained: 4, uploaded: 1 });
    expect(step(state, chunk(A))).toMatchObject({ state, effects: [{ kind: 'send-fault', to: A }] });
    expect(step(masking, chunk(OUTSIDER))).toMatchObject({
      state: masking,
      effects: [{ kind: 'send-fault', to: OUTSIDER, fault: { code: 'not-in-roster' } }],
    });
  });

  it('OPEN-1: the last upload opens the sum, whoever has left since', () => {
    const { state, effects } = after(
      ...ALL_TRAINED,
      uploaded(A),
      gone(A),
      uploaded(B),
      uploaded(C),
      uploaded(D),
    );
    expect(state).toMatchObject({ kind: 'opening', roster });
    expect(effects).toEqual([
      { kind: 'cancel-timer', phase: 'masking' },
      { kind: 'open-sum' },
      { kind: 'publish' },
    ]);
  });

  it.each([
    ['a lost socket', gone(D), 1],
    ['a decline', decline(D), 1],
    ['the deadline', deadline('masking'), 3],
  ])('ABORT-2: %s before an upload is complete ends the round; nothing is opened', (_, event, dropped) => {
    const { state, effects } = after(...ALL_TRAINED, uploaded(A), event);
    expect(state).toMatchObject({ kind: 'aborted', code: 'upload-missing', dropped });
    expect(kinds(effects)).toEqual([
      'cancel-timer',
      'discard-uploads',
      'persist-aborted',
      'send-abort',
      'publish',
    ]);
    expect(effects[3]).toMatchObject({ to: [A, B, C, D] });
  });

  it('ROSTER-3: the roster is final: another key now is a fault, the same again is nothing', () => {
    expect(step(masking, advertise(A))).toEqual({ state: masking, effects: [] });
    expect(step(masking, accept(A))).toEqual({ state: masking, effects: [] });
    for (const event of [advertise(A, 'another'), progress(A), decline(OUTSIDER)])
      expect(step(masking, event)).toMatchObject({ state: masking, effects: [{ kind: 'send-fault' }] });
    const { state } = step(masking, uploaded(A));
    expect(step(state, decline(A))).toMatchObject({ state, effects: [{ kind: 'send-fault' }] });
  });
});
