import { describe, expect, it } from 'vitest';
import {
  A,
  ALL_ACCEPT,
  ALL_CONFIRMED,
  ALL_OPENING,
  ALL_SHARED,
  ALL_TRAINED,
  ALL_UPLOADED,
  B,
  C,
  D,
  ENOUGH_REVEALED,
  MODEL,
  accept,
  advertise,
  after,
  chunk,
  confirm,
  deadline,
  decline,
  gone,
  hex,
  kinds,
  opened,
  progress,
  rebuilt,
  returned,
  reveal,
  shared,
  stop,
  uploaded,
} from './examples.ts';
import { step } from './step.ts';
import type { CoordinatorEvent } from './types.ts';

const unopenable: CoordinatorEvent = { kind: 'unopenable', detail: 'The weights are out of range.' };

describe('opening and after', () => {
  const { state: opening } = after(...ALL_OPENING);

  it('OUTCOME-1: persists the outcome before it tells all whose update is in the sum', () => {
    const { state, effects } = step(opening, opened);
    expect(state).toMatchObject({ kind: 'done', survivors: [A, B, C, D], declined: 0, dropped: 0 });
    expect(effects).toEqual([
      { kind: 'persist-done', sumHash: hex(7), modelHash: MODEL },
      { kind: 'send-result', to: [A, B, C, D], sumHash: hex(7), modelHash: MODEL, survivors: 4 },
      { kind: 'publish' },
    ]);
  });

  it('OUTCOME-1: who is not in the sum counts as dropped and gets no result', () => {
    const without = [...ALL_SHARED, uploaded(A), uploaded(B), uploaded(C), gone(D)];
    const all = [A, B, C];
    const { state, effects } = after(
      ...without,
      ...all.map(confirm),
      ...all.map((from) => reveal(from)),
      rebuilt,
      opened,
    );
    expect(state).toMatchObject({ kind: 'done', survivors: [A, B, C], dropped: 1 });
    expect(effects[1]).toMatchObject({ kind: 'send-result', to: [A, B, C], survivors: 3 });
  });

  it('OPEN-3: nobody’s leaving and no stop keep the sum from its model', () => {
    for (const event of [gone(A), decline(A), returned(A), returned(D)])
      expect(step(opening, event)).toMatchObject({ state: { kind: 'opening' }, effects: [] });
    for (const event of [
      stop,
      deadline('unmasking'),
      accept(A),
      advertise(A),
      reveal(A),
      confirm(A),
      chunk(A),
    ])
      expect(step(opening, event)).toEqual({ state: opening, effects: [] });
  });

  it('OPEN-4: a sum that breaks the terms makes no model', () => {
    const { state, effects } = step(opening, unopenable);
    expect(state).toMatchObject({ kind: 'aborted', code: 'sum-invalid' });
    expect(kinds(effects)).toEqual(['discard-uploads', 'persist-aborted', 'send-abort', 'publish']);
  });

  it('FAULT-1: other messages are faults and change nothing', () => {
    for (const event of [advertise(A, 'another'), progress(A), shared(A)])
      expect(step(opening, event)).toMatchObject({
        state: opening,
        effects: [{ kind: 'send-fault', to: A }],
      });
  });

  it.each([
    ['offered', [accept(A)], [D, C, B, A]],
    ['training', ALL_ACCEPT, [A, B, C, D]],
    ['sharing', ALL_TRAINED, [A, B, C, D]],
    ['masking', ALL_SHARED, [A, B, C, D]],
    ['confirming', ALL_UPLOADED, [A, B, C, D]],
    ['unmasking', ALL_CONFIRMED, [A, B, C, D]],
  ] as const)('ABORT-1: a stop while %s is persisted, then told to all', (phase, events, to) => {
    expect(after(...events).state.kind).toBe(phase);
    const { state, effects } = after(...events, stop);
    expect(state).toMatchObject({ kind: 'aborted', code: 'stopped' });
    const told = effects.findIndex((effect) => effect.kind === 'send-abort');
    expect(effects.findIndex((effect) => effect.kind === 'persist-aborted')).toBe(told - 1);
    expect(effects[told]).toMatchObject({ to, code: 'stopped' });
  });

  it('answers of the driver that were never asked for are our own bug', () => {
    const failed: CoordinatorEvent = { kind: 'rebuild-failed', detail: '' };
    const never = [uploaded(A), rebuilt, opened, unopenable, failed];
    for (const events of [[], ALL_ACCEPT, ALL_TRAINED, ALL_UPLOADED])
      for (const answer of never)
        expect(() => step(after(...events).state, answer)).toThrow('invariant broken');
    for (const answer of [rebuilt, opened, unopenable, failed])
      expect(() => step(after(...ALL_SHARED).state, answer)).toThrow('invariant broken');
    for (const answer of [uploaded(A), opened, unopenable])
      expect(() => step(after(...ENOUGH_REVEALED).state, answer)).toThrow('invariant broken');
    for (const answer of [uploaded(A), rebuilt, failed])
      expect(() => step(opening, answer)).toThrow('invariant broken');
    expect(() => step(after(...ALL_SHARED, uploaded(A)).state, uploaded(A))).toThrow('invariant broken');
    for (const answer of [rebuilt, failed])
      expect(() => step(after(...ALL_CONFIRMED).state, answer)).toThrow('invariant broken');
  });
});
