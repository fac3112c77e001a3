import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  hex,
  A,
  B,
  C,
  D,
  OUTSIDER,
  MODEL,
  plan,
  accept,
  decline,
  gone,
  chunk,
  uploaded,
  progress,
  advertise,
  deadline,
  stop,
  after,
  ALL_ACCEPT,
  ALL_TRAINED,
  ALL_UPLOADED,
} from './examples.ts';
import { begin, step } from './step.ts';
import type { CoordinatorEvent } from './types.ts';

const anyone = fc.constantFrom(A, B, C, D, OUTSIDER);
const events = fc.oneof(
  anyone.map(accept),
  anyone.map(decline),
  anyone.map(progress),
  fc.tuple(anyone, fc.constantFrom('k1', 'k2', undefined)).map(([from, maskKey]) => advertise(from, maskKey)),
  anyone.map(chunk),
  anyone.map(gone),
  fc.constantFrom<'offered' | 'training' | 'masking'>('offered', 'training', 'masking').map(deadline),
  fc.constant(stop),
);

describe('any messages in any order', () => {
  it('ABORT-4, ROSTER-1: ended states absorb, faults change nothing, and no roster is under three', () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 60 }), (list) => {
        let { state } = begin(plan);
        for (const event of list) {
          const next = step(state, event);
          if (state.kind === 'done' || state.kind === 'aborted') expect(next).toEqual({ state, effects: [] });
          if (
            next.effects.some((effect) => effect.kind === 'send-fault' && effect.fault.code !== 'second-key')
          )
            expect(next.state).toBe(state);
          if (next.state.kind === 'masking') expect(next.state.roster.length).toBeGreaterThanOrEqual(3);
          state = next.state;
        }
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  it('FAULT-2: an outsider changes no state and is told that it has no part', () => {
    for (const state of [begin(plan).state, after(...ALL_ACCEPT).state, after(...ALL_TRAINED).state])
      for (const event of [accept(OUTSIDER), advertise(OUTSIDER), progress(OUTSIDER), chunk(OUTSIDER)])
        expect(step(state, event)).toMatchObject({
          state,
          effects: [{ kind: 'send-fault', to: OUTSIDER, fault: { code: 'not-in-roster' } }],
        });
  });

  it('deadlines of phases that are over change nothing', () => {
    const { state: training } = after(...ALL_ACCEPT);
    expect(step(training, deadline('offered'))).toEqual({ state: training, effects: [] });
    const { state: masking } = after(...ALL_TRAINED);
    expect(step(masking, deadline('training'))).toEqual({ state: masking, effects: [] });
  });

  it('answers of the driver that were never asked for are our own bug', () => {
    const answers: CoordinatorEvent[] = [
      uploaded(A),
      { kind: 'opened', sumHash: hex(7), modelHash: MODEL },
      { kind: 'unopenable', detail: '' },
    ];
    for (const state of [begin(plan).state, after(...ALL_ACCEPT).state])
      for (const answer of answers) expect(() => step(state, answer)).toThrow('invariant broken');
    const { state: masking } = after(...ALL_TRAINED, uploaded(A));
    for (const answer of answers) expect(() => step(masking, answer)).toThrow('invariant broken');
    expect(() => step(after(...ALL_UPLOADED).state, uploaded(A))).toThrow('invariant broken');
  });
});
