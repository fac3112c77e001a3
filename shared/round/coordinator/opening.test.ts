import { describe, expect, it } from 'vitest';
import {
  hex,
  A,
  B,
  C,
  D,
  MODEL,
  accept,
  decline,
  gone,
  chunk,
  progress,
  advertise,
  deadline,
  stop,
  after,
  kinds,
  ALL_ACCEPT,
  ALL_TRAINED,
  ALL_UPLOADED,
} from './examples.ts';
import { step } from './step.ts';

describe('opening and after', () => {
  const { state: opening } = after(...ALL_UPLOADED);

  it('OPEN-2: persists the outcome before it tells the whole roster', () => {
    const { state, effects } = step(opening, { kind: 'opened', sumHash: hex(7), modelHash: MODEL });
    expect(state).toMatchObject({ kind: 'done', survivors: [A, B, C, D], declined: 0, dropped: 0 });
    expect(effects).toEqual([
      { kind: 'persist-done', sumHash: hex(7), modelHash: MODEL },
      { kind: 'send-result', to: [A, B, C, D], sumHash: hex(7), modelHash: MODEL, survivors: 4 },
      { kind: 'publish' },
    ]);
  });

  it('OPEN-3: nobody’s leaving and no stop keep a complete sum from its model', () => {
    for (const event of [gone(A), stop, deadline('masking'), accept(A), advertise(A)])
      expect(step(opening, event)).toEqual({ state: opening, effects: [] });
  });

  it('OPEN-4: a sum that breaks the terms makes no model', () => {
    const { state, effects } = step(opening, { kind: 'unopenable', detail: 'The weights are out of range.' });
    expect(state).toMatchObject({ kind: 'aborted', code: 'sum-invalid' });
    expect(kinds(effects)).toEqual(['discard-uploads', 'persist-aborted', 'send-abort', 'publish']);
  });

  it('FAULT-1: other messages are faults and change nothing', () => {
    for (const event of [advertise(A, 'another'), progress(A), decline(A), chunk(A)])
      expect(step(opening, event)).toMatchObject({
        state: opening,
        effects: [{ kind: 'send-fault', to: A }],
      });
  });

  it.each([
    ['offered', [accept(A)], [D, C, B, A]],
    ['training', ALL_ACCEPT, [A, B, C, D]],
    ['masking', ALL_TRAINED, [A, B, C, D]],
  ])('ABORT-3: a stop while %s ends the round for all', (_, events, to) => {
    const { state, effects } = after(...events, stop);
    expect(state).toMatchObject({ kind: 'aborted', code: 'stopped' });
    expect(effects).toContainEqual({
      kind: 'send-abort',
      to,
      code: 'stopped',
      detail: 'The run was stopped.',
    });
  });
});
