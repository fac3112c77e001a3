import { describe, expect, it } from 'vitest';
import { step as tab } from '../client/step.ts';
import { step as coordinator } from '../coordinator/step.ts';
import { brokenRule, deliver, deliverable, kill, planOf, startRound, type Round } from './honest-round.ts';
import { tabs } from '../coordinator/examples.ts';

const machines = { tab, coordinator };
const PHASES = ['offered', 'training', 'sharing', 'masking', 'confirming', 'unmasking'] as const;
type Phase = (typeof PHASES)[number];
type Drops = Partial<Record<Phase, readonly number[]>>;

/** Messages arrive in the order in which they were sent; who drops in a phase does so before its first message. */
function play(size: number, drops: Drops): Round {
  let round = startRound({ size, dropoutPerMille: 0 }, machines);
  const arrived = new Set<string>();
  let dropped: Phase | null = null;
  for (;;) {
    const rule = brokenRule(round);
    if (rule !== null) throw new Error(rule);
    const { kind } = round.coordinator;
    if (kind !== 'done' && kind !== 'aborted' && kind !== 'opening' && kind !== dropped) {
      dropped = kind;
      for (const index of drops[kind] ?? []) {
        const from = tabs(size)[index];
        if (from === undefined) throw new RangeError(`drops: ${index}`);
        round = deliver(kill(round, index), { to: 'coordinator', event: { kind: 'gone', from } }, machines);
      }
      continue;
    }
    const isFromDead = (key: string) =>
      round.tabs.some((one, index) => !one.alive && key.includes(`"from":"${tabs(size)[index]}"`));
    const able = new Set(deliverable(round));
    const next = [...round.sent].find(
      ([key, message]) => !arrived.has(key) && able.has(message) && !isFromDead(key),
    );
    if (next === undefined) return round;
    arrived.add(next[0]);
    round = deliver(round, next[1], machines);
  }
}

/** What the rules say: who is in the sum, or why there is none. */
function expected(size: number, drops: Drops): readonly number[] | string {
  const { minCohort, minSurvivors, accomplices } = planOf({ size, dropoutPerMille: 0 });
  let left = Array.from({ length: size }, (_, index) => index);
  const without = (phase: Phase) => {
    left = left.filter((index) => !(drops[phase] ?? []).includes(index));
    return left.length;
  };
  if (without('offered') < minCohort) return 'too-few-accepted';
  if (without('training') < minCohort) return 'too-few-trained';
  const threshold = Math.floor((left.length + accomplices) / 2) + 1;
  if (without('sharing') < Math.max(minCohort, threshold)) return 'too-few-shared';
  if (without('masking') < Math.max(minSurvivors, threshold)) return 'too-few-uploaded';
  const sum = left;
  if (without('confirming') < threshold) return 'too-few-confirmed';
  if (without('unmasking') < threshold) return 'too-few-shares';
  return sum;
}

const subsets = (list: readonly number[]): readonly (readonly number[])[] =>
  Array.from({ length: 1 << list.length }, (_, bits) => list.filter((_item, place) => (bits >> place) & 1));

function expectOutcome(size: number, drops: Drops): void {
  const { coordinator: end } = play(size, drops);
  const rule = expected(size, drops);
  if (typeof rule === 'string')
    expect({ drops, end }).toMatchObject({ drops, end: { kind: 'aborted', code: rule } });
  else
    expect({ drops, end }).toMatchObject({
      drops,
      end: { kind: 'done', survivors: rule.map((index) => tabs(size)[index]) },
    });
}

describe('every pattern of dropouts', () => {
  it.each([3, 4, 5, 6])(
    'UPLOAD-4, CONFIRM-3, OPEN-1: n = %i: in any one phase, the rest are the sum, or too few are told so',
    (size) => {
      const all = Array.from({ length: size }, (_, index) => index);
      for (const phase of PHASES) for (const lost of subsets(all)) expectOutcome(size, { [phase]: lost });
    },
  );

  it.each([4, 5])('UPLOAD-4, CONFIRM-3, OPEN-1: n = %i: in any two phases', (size) => {
    const all = Array.from({ length: size }, (_, index) => index);
    for (const [place, first] of PHASES.entries())
      for (const second of PHASES.slice(place + 1))
        for (const lost of subsets(all).filter(({ length }) => length === 1))
          for (const later of subsets(all.filter((index) => !lost.includes(index))))
            expectOutcome(size, { [first]: lost, [second]: later });
  });

  it('all tabs are told the outcome of their round', () => {
    const { tabs: all } = play(5, { masking: [4] });
    expect(all.map(({ state }) => state.kind).slice(0, 4)).toEqual(['done', 'done', 'done', 'done']);
    const { tabs: short } = play(4, { unmasking: [2, 3] });
    expect(short.slice(0, 2).map(({ state }) => state)).toMatchObject([
      { kind: 'aborted', revealed: true },
      { kind: 'aborted', revealed: true },
    ]);
  });
});
