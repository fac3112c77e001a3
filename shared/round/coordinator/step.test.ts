import fc from 'fast-check';
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
  OUTSIDER,
  accept,
  advertise,
  after,
  chunk,
  confirm,
  deadline,
  decline,
  gone,
  hex,
  opened,
  plan,
  progress,
  ready,
  rebuilt,
  returned,
  reveal,
  shared,
  shares,
  stop,
  uploaded,
} from './examples.ts';
import { step } from './step.ts';
import type { CoordinatorEffect, CoordinatorEvent, CoordinatorState, TimedPhase } from './types.ts';

const anyone = fc.constantFrom(A, B, C, D, A, B, C, D, OUTSIDER);
const phases: readonly TimedPhase[] = [
  'offered',
  'training',
  'sharing',
  'masking',
  'confirming',
  'unmasking',
];
const held = fc.oneof(fc.constant([0, 1, 2, 3]), fc.subarray([0, 1, 2, 3]));
/** All that participants may send at any time, and what happens to them. */
const outside = fc.oneof(
  { weight: 4, arbitrary: anyone.map(accept) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(anyone, fc.constantFrom(undefined, undefined, hex(9)))
      .map(([id, digest]) => advertise(id, digest)),
  },
  { weight: 4, arbitrary: fc.tuple(anyone, held).map(([id, list]) => shared(id, list)) },
  { weight: 4, arbitrary: anyone.map(confirm) },
  { weight: 4, arbitrary: anyone.map((id) => reveal(id)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(anyone, fc.constantFrom(shares, ready, chunk, progress))
      .map(([id, make]) => make(id)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(anyone, fc.constantFrom(decline, gone, returned, returned))
      .map(([id, make]) => make(id)),
  },
  { weight: 1, arbitrary: fc.constantFrom(...phases).map(deadline) },
  { weight: 1, arbitrary: fc.constant(stop) },
);

/** What its driver may answer: never what was not asked for. */
function answers(state: CoordinatorState): readonly CoordinatorEvent[] {
  switch (state.kind) {
    case 'masking':
      return [...state.u2]
        .filter((index) => !state.uploaded.has(index))
        .flatMap((index) => [A, B, C, D].slice(index, index + 1).map(uploaded));
    case 'unmasking':
      return state.rebuilding === null ? [] : [rebuilt, { kind: 'rebuild-failed', detail: 'wrong' }];
    case 'opening':
      return [opened, { kind: 'unopenable', detail: 'wrong' }];
    default:
      return [];
  }
}

interface Turn {
  readonly state: CoordinatorState;
  readonly next: CoordinatorState;
  readonly effects: readonly CoordinatorEffect[];
}
/** Starts where a phase does, so that walks get everywhere. */
const starts = [[], ALL_ACCEPT, ALL_TRAINED, ALL_SHARED, ALL_UPLOADED, ALL_CONFIRMED, ALL_OPENING].map(
  (events) => after(...events),
);
const walks = fc
  .record({
    start: fc.constantFrom(...starts),
    list: fc.array(fc.record({ own: fc.option(fc.nat(3), { freq: 2 }), event: outside }), { maxLength: 60 }),
  })
  .map(({ start, list }): readonly Turn[] => {
    let { state } = start;
    return list.map(({ own, event }) => {
      const possible = answers(state);
      const { state: next, effects } = step(
        state,
        own === null ? event : (possible[own % possible.length] ?? event),
      );
      const turn = { state, next, effects };
      state = next;
      return turn;
    });
  });

describe('any messages in any order', () => {
  it('never throws; ended states absorb; faults change nothing but who broke TRAIN-3', () => {
    fc.assert(
      fc.property(walks, (turns) => {
        for (const { state, next, effects } of turns) {
          if (state.kind === 'done' || state.kind === 'aborted') {
            expect(next).toBe(state);
            expect(effects).toEqual([]);
          }
          if (effects.some((effect) => effect.kind === 'send-fault' && effect.fault.code !== 'second-key'))
            expect(next).toBe(state);
        }
      }),
      { numRuns: 2_000, seed: 3 },
    );
  });

  it('OUTCOME-1, ABORT-1, CONFIRM-1: persisted before it is told, and one outcome at most', () => {
    const before = { 'send-result': 'persist-done', 'send-abort': 'persist-aborted' } as const;
    const ends = new Map<string, number>();
    fc.assert(
      fc.property(walks, (turns) => {
        const all = turns.flatMap(({ effects }) => effects.map((effect) => effect.kind));
        for (const [told, persisted] of Object.entries(before)) {
          const index = all.findIndex((kind) => kind === told);
          if (index >= 0) expect(all.slice(0, index)).toContain(persisted);
        }
        const outcomes = all.filter((kind) => kind === 'persist-done' || kind === 'persist-aborted');
        expect(outcomes.length).toBeLessThanOrEqual(1);
        for (const outcome of outcomes) ends.set(outcome, (ends.get(outcome) ?? 0) + 1);
        for (const { state, effects } of turns) {
          if (state.kind === 'confirming' || state.kind === 'unmasking') continue;
          const asked = effects.findIndex((effect) => effect.kind === 'send-unmask-request');
          if (asked >= 0)
            expect(effects.slice(0, asked).map((effect) => effect.kind)).toContain('persist-unmasking');
        }
      }),
      { numRuns: 2_000, seed: 4 },
    );
    expect(ends.get('persist-done')).toBeGreaterThan(20);
    expect(ends.get('persist-aborted')).toBeGreaterThan(20);
  });

  it('UPLOAD-4, OPEN-1: U3 ⊆ U2 never changes, is of minSurvivors, and opens with t reveals alone', () => {
    fc.assert(
      fc.property(walks, (turns) => {
        for (const { state, next } of turns) {
          if ('cohort' in next) expect(next.cohort.roster.length).toBeGreaterThanOrEqual(plan.minCohort);
          if ('u3' in next) {
            expect(next.u3.size).toBeGreaterThanOrEqual(plan.minSurvivors);
            expect(next.u3.isSubsetOf(next.u2)).toBe(true);
            if ('u3' in state) expect(next.u3).toBe(state.u3);
          }
          if (next.kind === 'opening' && state.kind === 'unmasking') {
            expect(state.revealed.size).toBeGreaterThanOrEqual(state.cohort.parameters.threshold);
            expect(state.revealed.isSubsetOf(state.u3)).toBe(true);
          }
        }
      }),
      { numRuns: 2_000, seed: 5 },
    );
  });

  it('FAULT-2: an outsider changes no state and is told that it has no part', () => {
    for (const { state } of starts)
      for (const make of [accept, advertise, shares, shared, ready, chunk, confirm, reveal])
        expect(step(state, make(OUTSIDER))).toMatchObject({
          state,
          effects: [{ kind: 'send-fault', to: OUTSIDER, fault: { code: 'not-in-roster' } }],
        });
  });

  it('deadlines of phases that are over, or not begun, change nothing', () => {
    for (const { state } of starts)
      for (const phase of phases.filter((name) => name !== state.kind))
        expect(step(state, deadline(phase))).toEqual({ state, effects: [] });
  });
});
