import { describe, expect, it } from 'vitest';
import {
  A,
  ALL_CONFIRMED,
  ALL_SHARED,
  B,
  C,
  D,
  ENOUGH_REVEALED,
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
  rebuilt,
  returned,
  reveal,
  stop,
  uploaded,
} from './examples.ts';
import { step } from './step.ts';
import type { CoordinatorEvent } from './types.ts';

const failed: CoordinatorEvent = { kind: 'rebuild-failed', detail: 'A share is wrong.' };
/** U2 of four, U3 of three, t = 3: all three must reveal. */
const WITHOUT_D = [...ALL_SHARED, uploaded(A), uploaded(B), uploaded(C), gone(D), ...[A, B, C].map(confirm)];

describe('unmasking', () => {
  const { state: unmasking } = after(...ALL_CONFIRMED);

  it('OPEN-1: rebuilds as soon as t have revealed: b of U3, and keys of who dropped', () => {
    const two = after(...WITHOUT_D, reveal(A), reveal(B));
    expect(kinds(two.effects)).toEqual(['take-shares', 'publish']);
    const three = step(two.state, reveal(C));
    expect(three.effects).toEqual([
      { kind: 'take-shares', from: C },
      { kind: 'rebuild', survivors: [0, 1, 2], dropped: [3] },
      { kind: 'publish' },
    ]);
    expect(inPhase(three, 'unmasking').rebuilding).toBe(3);
  });

  it('OPEN-1: what was rebuilt opens the sum', () => {
    const { state, effects } = after(...ENOUGH_REVEALED, rebuilt);
    expect(state).toMatchObject({ kind: 'opening', u3: new Set([0, 1, 2, 3]) });
    expect(effects).toEqual([
      { kind: 'cancel-timer', phase: 'unmasking' },
      { kind: 'open-sum' },
      { kind: 'publish' },
    ]);
  });

  it('REVEAL-3: the first reveal of a tab counts, and only of U3', () => {
    const { state } = after(...ALL_CONFIRMED, reveal(A));
    expect(step(state, reveal(A))).toEqual({ state, effects: [] });
    const { state: withoutD } = after(...WITHOUT_D);
    expect(step(withoutD, reveal(D))).toMatchObject({
      state: withoutD,
      effects: [{ kind: 'send-fault', to: D }],
    });
  });

  it('OPEN-2: a rebuild that fails is tried again with the shares that came since, or still come', () => {
    const { state } = after(...ENOUGH_REVEALED);
    // The fourth comes while it rebuilds: taken, and used only after the failure.
    const more = step(state, reveal(D));
    expect(kinds(more.effects)).toEqual(['take-shares']);
    expect(kinds(step(more.state, failed).effects)).toEqual(['rebuild', 'publish']);
    const waiting = step(state, failed);
    expect(waiting).toMatchObject({
      state: { kind: 'unmasking', rebuilding: null },
      effects: [{ kind: 'publish' }],
    });
    expect(kinds(step(waiting.state, reveal(D)).effects)).toEqual(['take-shares', 'rebuild', 'publish']);
  });

  it.each([
    ['all have revealed', [reveal(D), failed, failed]],
    ['the others are lost', [gone(D), failed]],
    ['the deadline is over', [deadline('unmasking'), failed]],
  ])('OPEN-2: a rebuild that fails when %s is final', (_, events) => {
    const final = after(...ENOUGH_REVEALED, ...events);
    expect(final.state).toMatchObject({
      kind: 'aborted',
      code: 'too-few-shares',
      detail: 'A share is wrong.',
    });
    expect(kinds(final.effects)).toEqual([
      'cancel-timer',
      'discard-uploads',
      'persist-aborted',
      'send-abort',
      'publish',
    ]);
  });

  it('OPEN-2: a rebuild that fails and then nobody else comes: the deadline or the last loss ends the round', () => {
    for (const event of [deadline('unmasking'), gone(D)])
      expect(after(...ENOUGH_REVEALED, failed, event).state).toMatchObject({
        kind: 'aborted',
        code: 'too-few-shares',
      });
  });

  it('OPEN-2: a tab that leaves and returns makes nobody rebuild with the same shares again', () => {
    const back = after(...ENOUGH_REVEALED, failed, gone(A), returned(A), gone(A));
    expect(back).toMatchObject({
      state: { kind: 'unmasking', rebuilding: null },
      effects: [{ kind: 'publish' }],
    });
  });

  it.each([
    ['the deadline', deadline('unmasking')],
    ['a lost tab', gone(C)],
    ['a decline', decline(C)],
  ])('OPEN-1: one share too few at %s: nothing is opened', (_, event) => {
    const short = after(...WITHOUT_D, reveal(A), reveal(B), event);
    expect(short.state).toMatchObject({ kind: 'aborted', code: 'too-few-shares', dropped: 1 });
    expect(effectOf(short, 'rebuild')).toBeUndefined();
    expect(effectOf(short, 'send-abort')?.to).toEqual([A, B, C, D]);
  });

  it('OPEN-1: one that revealed and left is counted still', () => {
    const { state } = after(...WITHOUT_D, reveal(A), gone(A), reveal(B), reveal(C));
    expect(inPhase({ state, effects: [] }, 'unmasking').rebuilding).toBe(3);
  });

  it('the deadline while it rebuilds waits for the rebuild', () => {
    const { state, effects } = after(...ENOUGH_REVEALED, deadline('unmasking'));
    expect([state.kind, effects]).toEqual(['unmasking', []]);
    expect(step(state, rebuilt).state.kind).toBe('opening');
  });

  it('a tab of U3 that returns gets the request and the signatures; one outside is told', () => {
    const { state: lost } = after(...ALL_CONFIRMED, gone(A));
    const back = step(lost, returned(A));
    expect(back.effects).toEqual([
      { kind: 'send-unmask-request', to: [A], u2: [0, 1, 2, 3], u3: [0, 1, 2, 3] },
      { kind: 'send-confirmations', to: [A], confirmed: [0, 1, 2, 3] },
    ]);
    const { state: withoutD } = after(...WITHOUT_D);
    expect(step(withoutD, returned(D))).toMatchObject({
      state: withoutD,
      effects: [{ kind: 'send-dismissed', to: [D] }],
    });
    expect(step(lost, returned(OUTSIDER))).toEqual({ state: lost, effects: [] });
  });

  it('UPLOAD-5, CONFIRM-2: late chunks and late signatures change nothing', () => {
    const { state } = after(...WITHOUT_D);
    for (const late of [chunk(D), confirm(A)]) expect(step(state, late)).toEqual({ state, effects: [] });
  });

  it('FAULT-2: reveals from outside are told so', () => {
    expect(step(unmasking, reveal(OUTSIDER))).toMatchObject({
      state: unmasking,
      effects: [{ kind: 'send-fault', to: OUTSIDER, fault: { code: 'not-in-roster' } }],
    });
  });

  it('ABORT-1: a stop discards what is unopened', () => {
    const stopped = after(...ENOUGH_REVEALED, stop);
    expect(stopped.state).toMatchObject({ kind: 'aborted', code: 'stopped' });
    expect(kinds(stopped.effects)).toContain('discard-uploads');
  });
});
