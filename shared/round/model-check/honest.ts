/**
 * All that can become of a round under an honest coordinator while its network loses, repeats and reorders, tabs die
 * or lose their connection, and deadlines pass early: breadth-first over the whole round of `honest-round`.
 */
import { isOver } from '../client/step.ts';
import type { CoordinatorState } from '../coordinator/types.ts';
import { brokenRule, deliver, deliverable, kill, startRound } from './honest-round.ts';
import type { Machines, Message, Round, RoundTerms } from './honest-round.ts';
import type { Model } from './search.ts';

export interface HonestBounds extends RoundTerms {
  /** Deaths, losses of a connection and early deadlines, at most. */
  readonly faults: number;
  /** Before the coordinator is there, messages arrive once and in the order in which they were sent. */
  readonly from: CoordinatorState['kind'];
}

interface State {
  readonly round: Round;
  readonly faults: number;
}

export function honestModel(
  { faults: most, from, ...terms }: HonestBounds,
  machines: Machines,
): Model<State> {
  const texts = new WeakMap<object, string>();
  const textOf = (value: object): string => {
    const known = texts.get(value);
    if (known !== undefined) return known;
    const text = JSON.stringify(value, withoutPlan);
    texts.set(value, text);
    return text;
  };
  const numbers = new Map<string, number>();
  const numberOf = (sent: string): number => {
    const known = numbers.get(sent);
    if (known !== undefined) return known;
    numbers.set(sent, numbers.size);
    return numbers.size - 1;
  };
  const sentTexts = new WeakMap<Round['sent'], string>();
  const sentText = ({ sent }: Round): string => {
    const known = sentTexts.get(sent);
    if (known !== undefined) return known;
    const text = [...sent.keys()]
      .map(numberOf)
      .sort((a, b) => a - b)
      .join();
    sentTexts.set(sent, text);
    return text;
  };
  const ends = new Map<string, string | null>();
  return {
    start: { round: inOrder(startRound(terms, machines), from, machines), faults: 0 },
    key: ({ round, faults }) =>
      [
        faults,
        textOf(round.coordinator),
        ...round.tabs.map((tab) => `${textOf(tab.state)}${tab.alive}${tab.vector}`),
        sentText(round),
      ].join('|'),
    *moves({ round, faults }) {
      for (const message of deliverable(round)) {
        const next = deliver(round, message, machines);
        if (next !== round) yield [nameOf(message), { round: next, faults }] as const;
      }
      if (faults < most)
        for (const [name, next] of mishaps(round, machines))
          yield [name, { round: next, faults: faults + 1 }] as const;
    },
    broken({ round }) {
      const rule = brokenRule(round);
      if (rule !== null) return rule;
      const key = `${textOf(round.coordinator)}${round.timer}`;
      const known = ends.get(key);
      if (known !== undefined) return known;
      const stuck = endsByItself(round, machines) ? null : `it never leaves ${round.coordinator.kind}`;
      ends.set(key, stuck);
      return stuck;
    },
  };
}

function inOrder(start: Round, until: CoordinatorState['kind'], machines: Machines): Round {
  const arrived = new Set<string>();
  let round = start;
  while (round.coordinator.kind !== until) {
    const able = new Set(deliverable(round));
    const next = [...round.sent].find(([text, message]) => !arrived.has(text) && able.has(message));
    if (next === undefined) throw new Error(`the round never gets to ${until}`);
    arrived.add(next[0]);
    round = deliver(round, next[1], machines);
  }
  return round;
}

/** Nobody says another word: deadlines alone end the round, one a phase. */
function endsByItself(round: Round, machines: Machines): boolean {
  let now = round;
  for (let phases = 0; phases <= 6; phases++) {
    const { coordinator, timer } = now;
    if (coordinator.kind === 'done' || coordinator.kind === 'aborted') return true;
    if (timer === null) return false;
    now = deliver(now, { to: 'coordinator', event: { kind: 'deadline', phase: timer } }, machines);
  }
  return false;
}

function* mishaps(round: Round, machines: Machines): Generator<readonly [string, Round]> {
  const { coordinator, timer } = round;
  if (coordinator.kind === 'done' || coordinator.kind === 'aborted') return;
  const tell = (now: Round, event: Extract<Message, { to: 'coordinator' }>['event']) =>
    deliver(now, { to: 'coordinator', event }, machines);
  if (timer !== null) yield [`deadline of ${timer}`, tell(round, { kind: 'deadline', phase: timer })];
  for (const [index, from] of coordinator.plan.invited.entries()) {
    const tab = round.tabs[index];
    if (tab === undefined || !tab.alive) continue;
    yield [`tab ${index} dies`, tell(kill(round, index), { kind: 'gone', from })];
    if (isOver(tab.state)) continue;
    const back = tell(tell(round, { kind: 'gone', from }), { kind: 'returned', from });
    yield [
      `tab ${index} loses its connection and comes back`,
      deliver(back, { to: index, event: { kind: 'reconnected' } }, machines),
    ];
    yield [
      `tab ${index} is out of patience`,
      deliver(round, { to: index, event: { kind: 'deadline' } }, machines),
    ];
  }
}

const nameOf = ({ to, event }: Message) =>
  to === 'coordinator' && 'from' in event
    ? `${event.kind} of ${event.from.slice(0, 4)}`
    : `${event.kind} to ${to}`;

/** Plans and rosters are the same in all states. */
function withoutPlan(name: string, value: unknown): unknown {
  if (name === 'plan' || name === 'cohort' || name === 'seat' || name === 'detail') return undefined;
  if (value instanceof Set) return [...value].map(String).sort();
  if (value instanceof Map)
    return [...value].map(([key, item]) => JSON.stringify([`${key}`, withoutPlan('', item)])).sort();
  return value;
}
