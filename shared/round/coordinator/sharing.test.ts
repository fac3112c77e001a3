import { describe, expect, it } from 'vitest';
import {
  A,
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
  ready,
  returned,
  shared,
  shares,
} from './examples.ts';
import { begin, step } from './step.ts';

describe('sharing', () => {
  const { state: sharing } = after(...ALL_TRAINED);

  it('SHARE-1: sealed shares of members are relayed, as often as they come', () => {
    for (let turn = 0; turn < 2; turn++)
      expect(step(sharing, shares(A))).toEqual({
        state: sharing,
        effects: [{ kind: 'relay-shares', from: A }],
      });
    expect(step(sharing, shares(OUTSIDER))).toMatchObject({
      state: sharing,
      effects: [{ kind: 'send-fault', to: OUTSIDER, fault: { code: 'not-in-roster' } }],
    });
  });

  it('MASK-1: U2 is asked to mask when all have reported', () => {
    expect(after(...ALL_TRAINED, shared(A), shared(B), shared(C)).state.kind).toBe('sharing');
    const { state, effects } = after(...ALL_TRAINED, ...[D, A, C, B].map((from) => shared(from)));
    expect(state).toMatchObject({ kind: 'masking', u2: new Set([0, 1, 2, 3]), uploaded: new Set() });
    expect(effects).toEqual([
      { kind: 'cancel-timer', phase: 'sharing' },
      { kind: 'send-mask-request', to: [A, B, C, D], u2: [0, 1, 2, 3] },
      { kind: 'start-timer', phase: 'masking', ms: 4_000 },
      { kind: 'publish' },
    ]);
  });

  it('SHARE-4: who waits is told whom not to wait for', () => {
    const lost = after(...ALL_TRAINED, shared(B, [0, 1, 2]), gone(D));
    expect(lost.state.kind).toBe('sharing');
    expect(lost.effects[0]).toEqual({ kind: 'send-peers-gone', to: [A, C], gone: [3] });
    const second = step(lost.state, gone(A));
    expect(second.effects[0]).toEqual({ kind: 'send-peers-gone', to: [C], gone: [0, 3] });
  });

  it('SHARE-4: one that reported before it was lost is not named, and stays in U2', () => {
    const lost = after(...ALL_TRAINED, shared(D), gone(D));
    expect(effectOf(lost, 'send-peers-gone')).toBeUndefined();
    const masking = after(...ALL_TRAINED, shared(D), gone(D), shared(A), shared(B), shared(C));
    expect(inPhase(masking, 'masking').u2).toEqual(new Set([0, 1, 2, 3]));
  });

  it('SHARE-4: a decline is a loss', () => {
    expect(after(...ALL_TRAINED, decline(D)).effects[0]).toMatchObject({
      kind: 'send-peers-gone',
      gone: [3],
    });
  });

  it('SHARE-5: dropped before masking: nobody masks with it, the round goes on, and it is told', () => {
    // D = 0 of four: a member needs t = 3 holders.
    const withoutD = [shared(A, [0, 1, 2]), shared(B, [0, 1, 2]), shared(C, [0, 1, 2])];
    const start = begin({ ...plan, dropoutPerMille: 249 });
    for (const events of [
      [gone(D), ...withoutD],
      [...withoutD, gone(D)],
      [...withoutD, deadline('sharing')],
    ]) {
      const masking = play(start, [...ALL_TRAINED, ...events]);
      expect(inPhase(masking, 'masking').u2).toEqual(new Set([0, 1, 2]));
      expect(effectOf(masking, 'send-dismissed')?.to).toEqual([D]);
      expect(effectOf(masking, 'send-mask-request')).toMatchObject({ to: [A, B, C], u2: [0, 1, 2] });
    }
    // With D = 1 it needs four, so that another may drop after masking.
    expect(after(...ALL_TRAINED, gone(D), ...withoutD).state).toMatchObject({
      kind: 'aborted',
      code: 'too-few-shared',
    });
  });

  it('SHARE-5: the deadline makes U2 of those who reported, and fewer than minCohort end the round', () => {
    const closed = after(...ALL_TRAINED, shared(A), shared(B), deadline('sharing'));
    expect(closed.state).toMatchObject({ kind: 'aborted', code: 'too-few-shared' });
    expect(kinds(closed.effects)).toEqual(['cancel-timer', 'persist-aborted', 'send-abort', 'publish']);
    expect(effectOf(closed, 'send-abort')?.to).toEqual([A, B, C, D]);
  });

  it('one that returns gets the roster and everything relayed to it so far', () => {
    const { state: lost } = after(...ALL_TRAINED, gone(D));
    const back = step(lost, returned(D));
    expect(inPhase(back, 'sharing').absent).toEqual(new Set());
    expect(kinds(back.effects)).toEqual(['send-roster', 'send-relayed', 'publish']);
    expect(back.effects).toMatchObject([{ to: [D] }, { to: D }, {}]);
    expect(step(sharing, returned(OUTSIDER))).toEqual({ state: sharing, effects: [] });
  });

  it('SAME-1: a second, different `shared` counts for nothing; the same again is ignored', () => {
    const { state } = after(...ALL_TRAINED, shared(A, [0, 1]));
    expect(step(state, shared(A, [1, 0]))).toEqual({ state, effects: [] });
    for (const other of [shared(A, [0, 2]), shared(A, [0]), shared(A, [0, 1, 2])])
      expect(step(state, other)).toMatchObject({
        state,
        effects: [{ kind: 'send-fault', to: A, fault: { code: 'second-value' } }],
      });
  });

  it('ROSTER-3: the roster is final: another advertise is a fault, the same again is nothing', () => {
    expect(step(sharing, advertise(A))).toEqual({ state: sharing, effects: [] });
    expect(step(sharing, accept(A))).toEqual({ state: sharing, effects: [] });
    expect(step(sharing, advertise(A, 'another'))).toMatchObject({
      state: sharing,
      effects: [{ kind: 'send-fault', fault: { code: 'second-value' } }],
    });
  });

  it('FAULT-1: what belongs to later phases is a fault and changes nothing', () => {
    for (const event of [ready(A), chunk(A), confirm(A)])
      expect(step(sharing, event)).toMatchObject({
        state: sharing,
        effects: [{ kind: 'send-fault', to: A, fault: { code: 'wrong-phase' } }],
      });
  });
});
