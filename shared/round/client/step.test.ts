import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  PHASES,
  abort,
  confirmations,
  deadline,
  dismissed,
  entries,
  eventsTo,
  grant,
  held,
  keyed,
  leave,
  maskRequest,
  masked,
  offered,
  otherRoster,
  peersGone,
  reconnected,
  result,
  roster,
  rosterChecked,
  seat,
  trained,
  unmaskRequest,
  uploaded,
} from './examples.ts';
import { isOver, step } from './step.ts';
import type { ClientEffect, ClientEvent, ClientState } from './types.ts';

const members = fc.subarray([0, 1, 2, 3], { minLength: 0 });
/** All that a coordinator may send at any time, and what happens to a participant by itself. */
const outside = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(roster, otherRoster) },
  {
    weight: 1,
    arbitrary: fc.constant<ClientEvent>({ kind: 'roster', root: seat.root, entries: entries.slice(1) }),
  },
  { weight: 3, arbitrary: members.map((list) => maskRequest(...list)) },
  { weight: 3, arbitrary: fc.constant(maskRequest(0, 1, 2, 3)) },
  { weight: 3, arbitrary: members.map((list) => unmaskRequest(...list)) },
  { weight: 3, arbitrary: fc.constantFrom(unmaskRequest(0, 1, 2), unmaskRequest(0, 1, 2, 3)) },
  { weight: 3, arbitrary: members.map((list) => confirmations(...list)) },
  { weight: 3, arbitrary: fc.constant(confirmations(0, 1, 2, 3)) },
  { weight: 2, arbitrary: fc.nat(3).map(grant) },
  { weight: 1, arbitrary: members.map((list) => peersGone(...list)) },
  { weight: 1, arbitrary: fc.constantFrom(result, abort, dismissed, deadline, leave, reconnected) },
);

/** What its driver may answer, and when: never an answer that was not asked for. */
function answers(state: ClientState): readonly ClientEvent[] {
  switch (state.kind) {
    case 'training':
      return [trained, { kind: 'progress', percent: 5 }, { kind: 'training-failed' }];
    case 'keying':
      return [keyed];
    case 'checking':
      return [rosterChecked, { kind: 'roster-refused', detail: '' }];
    case 'sharing':
    case 'shared':
    case 'submitted':
      return [held(0), held(2), held(3)];
    case 'masking':
      return [masked, { kind: 'mask-failed', detail: '' }];
    case 'uploading':
      return [uploaded];
    default:
      return [];
  }
}

/** One event: of the driver where `own` picks one and there is any, else from outside. */
const turn = fc.record({ own: fc.option(fc.nat(2), { freq: 2 }), event: outside });
/** Starts in any phase, so that walks get everywhere. */
const turns = fc
  .tuple(fc.constantFrom(...PHASES), fc.array(turn, { maxLength: 40 }))
  .map(([phase, list]) => [...eventsTo(phase).map((event) => ({ own: null, event })), ...list]);

interface Walk {
  readonly states: readonly ClientState[];
  readonly effects: readonly (ClientEffect & { readonly at: number })[];
}
function walk(list: readonly { readonly own: number | null; readonly event: ClientEvent }[]): Walk {
  let now = offered();
  const states = [now.state];
  const effects = now.effects.map((effect) => ({ ...effect, at: 0 }));
  for (const [index, { own, event }] of list.entries()) {
    const possible = answers(now.state);
    now = step(now.state, own === null ? event : (possible[own % possible.length] ?? event));
    states.push(now.state);
    effects.push(...now.effects.map((effect) => ({ ...effect, at: index + 1 })));
  }
  return { states, effects };
}

describe('any messages in any order', () => {
  it('REVEAL-2, CONFIRM-1: it never throws, and confirms and reveals at most once, the second after the first', () => {
    let revealed = 0;
    fc.assert(
      fc.property(turns, (list) => {
        const { effects } = walk(list);
        const of = (kind: ClientEffect['kind']) => effects.filter((effect) => effect.kind === kind);
        expect(of('confirm').length).toBeLessThanOrEqual(1);
        expect(of('reveal').length).toBeLessThanOrEqual(of('confirm').length);
        expect(of('exchange-shares').length).toBeLessThanOrEqual(1);
        expect(of('mask').length).toBeLessThanOrEqual(1);
        revealed += of('reveal').length;
        for (const reveal of effects)
          if (reveal.kind === 'reveal')
            expect(reveal.survivors.filter((index) => reveal.dropped.includes(index))).toEqual([]);
      }),
      { numRuns: 3_000, seed: 11 },
    );
    // The walks do come that far.
    expect(revealed).toBeGreaterThan(20);
  });

  it('LEAVE-1: what is over absorbs everything, and secrets are erased on the way there, before a word', () => {
    fc.assert(
      fc.property(turns, (list) => {
        const { states, effects } = walk(list);
        const end = states.findIndex(isOver);
        if (end < 0) return;
        expect(new Set(states.slice(end)).size).toBe(1);
        expect(effects.every((effect) => effect.at <= end)).toBe(true);
        const last = effects.filter((effect) => effect.at === end).map((effect) => effect.kind);
        expect(last.slice(0, 2)).toEqual(['cancel-timer', 'erase-secrets']);
      }),
      { numRuns: 1_000, seed: 12 },
    );
  });

  it('FAULT-1: what is reported as a fault changes nothing', () => {
    fc.assert(
      fc.property(turns, (list) => {
        const { states, effects } = walk(list);
        for (const effect of effects)
          if (effect.kind === 'report-fault') expect(states[effect.at]).toBe(states[effect.at - 1]);
      }),
      { numRuns: 1_000, seed: 13 },
    );
  });
});
