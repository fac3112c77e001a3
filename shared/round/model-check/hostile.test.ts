import { describe, expect, it } from 'vitest';
import { step } from '../client/step.ts';
import { graphParameters } from '../parameters.ts';
import { hostileModel } from './hostile.ts';
import type { ClientMachine, HostileBounds } from './hostile-tab.ts';
import { search, type Found } from './search.ts';

/** t of the complete graph of n with C = `tolerated`. */
function thresholdOf(size: number, tolerated: number): number {
  const parameters = graphParameters({
    cohort: size,
    accomplices: tolerated,
    dropouts: 0,
    coordinator: 'active',
  });
  if (!parameters.ok) throw new Error(parameters.fault);
  return parameters.value.threshold;
}
const MIN_SURVIVORS = 3;
const explore = (bounds: HostileBounds, machine: ClientMachine = step, mostStates = 200_000): Found =>
  search(hostileModel(bounds, MIN_SURVIVORS, machine), mostStates);

const three = { size: 3, threshold: thresholdOf(3, 1), withheld: 2 };
const four = { size: 4, threshold: thresholdOf(4, 1), withheld: 1 };

describe('a hostile coordinator learns no sum of fewer than minSurvivors − C honest tabs', () => {
  it.each<[string, HostileBounds, number]>([
    ['three honest tabs, two rosters', { ...three, honest: 3, rosters: 2, stops: true }, 1_000],
    ['two honest tabs and an accomplice, two rosters', { ...three, honest: 2, rosters: 2, stops: true }, 500],
    [
      'two honest tabs and two accomplices, two rosters',
      { size: 4, threshold: thresholdOf(4, 2), honest: 2, rosters: 2, withheld: 3, stops: true },
      1_000,
    ],
    ['three honest tabs and an accomplice', { ...four, honest: 3, rosters: 1, stops: false }, 10_000],
  ])('REVEAL-1, MASK-1, CONFIRM-1, LEAVE-1: %s', (_, bounds, leastStates) => {
    const found = explore(bounds);
    expect(found).toMatchObject({ kind: 'sound' });
    expect(found.states).toBeGreaterThan(leastStates);
  });
});

/** Once it has revealed, another U3 is taken like the first. */
const secondU3: ClientMachine = (state, event) =>
  event.kind === 'unmask-request' && state.kind === 'revealed'
    ? step({ ...state, kind: 'submitted' }, event)
    : step(state, event);

/** The kind of a share comes from the request that was last seen, not from the U3 that was confirmed. */
const kindFromRequest: ClientMachine = (state, event) => {
  if (event.kind !== 'unmask-request' || state.kind !== 'revealed') return step(state, event);
  const asked = new Set(event.u3.members);
  const survivors = state.u2.members.filter((member) => asked.has(member));
  const dropped = state.u2.members.filter((member) => !asked.has(member));
  return { state, effects: [{ kind: 'reveal', survivors, dropped }] };
};

/** A U2 of any size will do. */
const anyU2: ClientMachine = (state, event) => {
  if (state.kind !== 'shared' || event.kind !== 'mask-request') return step(state, event);
  const plan = { ...state.plan, offer: { ...state.plan.offer, minSurvivors: 1 } };
  const next = step({ ...state, plan, seat: { ...state.seat, threshold: 1 } }, event);
  if (next.state.kind !== 'masking') return next;
  return { ...next, state: { ...next.state, plan: state.plan, seat: state.seat } };
};

/** A tab that has left answers still. */
const afterLeaving: ClientMachine = (state, event) =>
  state.kind === 'left' && event.kind === 'confirmations'
    ? { state, effects: [{ kind: 'reveal', survivors: [], dropped: [] }] }
    : step(state, event);

/** Its timer is forgotten with U2. */
const forgottenTimer: ClientMachine = (state, event) => {
  const next = step(state, event);
  const effects = next.effects.filter((effect) => effect.kind !== 'start-timer');
  return state.kind === 'shared' ? { ...next, effects } : next;
};

describe('planted faults are found', () => {
  const honest = { ...four, honest: 3, rosters: 1, withheld: 0, stops: false } as const;

  it('EVIDENCE-1: a second U3 that is accepted', () => {
    expect(explore(honest, secondU3)).toMatchObject({
      kind: 'broken',
      rule: expect.stringContaining('both secrets'),
    });
  });

  it('REVEAL-1: a kind of share that comes from the request instead of U3', () => {
    expect(explore(honest, kindFromRequest)).toMatchObject({
      kind: 'broken',
      rule: expect.stringContaining('known'),
    });
  });

  it('REVEAL-1: a threshold one too low', () => {
    expect(explore({ ...honest, threshold: honest.threshold - 1 })).toMatchObject({ kind: 'broken' });
  });

  it('MASK-1: a U2 with too few of its holders', () => {
    expect(explore(honest, anyU2)).toMatchObject({
      kind: 'broken',
      rule: expect.stringMatching(/^the sum of the tabs \d alone is known$/),
    });
  });

  it('LEAVE-1: a reveal of a tab that has left, and a tab that waits for ever', () => {
    const stops = { ...three, honest: 2, rosters: 1, stops: true } as const;
    expect(explore(stops, afterLeaving)).toMatchObject({ rule: 'reveal of a tab that has left' });
    expect(explore(stops, forgottenTimer)).toMatchObject({
      rule: expect.stringContaining('without a timer'),
    });
  });

  it('the way to a fault is told move by move', () => {
    const found = explore(honest, secondU3);
    if (found.kind !== 'broken') throw new Error('nothing was found');
    expect(found.trace.filter((move) => move.includes('unmask-request')).length).toBeGreaterThan(1);
  });
});
