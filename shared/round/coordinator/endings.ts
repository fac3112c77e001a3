/** How an attempt ends without a sum, and what every state does with what it has no case of its own for. */
import type { ParticipantId } from '../../base/ids.ts';
import { unreachable } from '../../base/invariant.ts';
import type { AbortCode } from '../../protocol/faults.ts';
import { including, without } from './sets.ts';
import type {
  ActiveState,
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
  CoordinatorStep,
  RosteredState,
} from './types.ts';

export const stay = (state: CoordinatorState, ...effects: CoordinatorEffect[]): CoordinatorStep => ({
  state,
  effects,
});

/** Roster index of a participant, −1 where it is not in it. */
export const indexOf = ({ cohort }: RosteredState, id: ParticipantId): number =>
  cohort.roster.findIndex((entry) => entry.participant === id);

/** The ids of these roster indices. */
export const idsOf = ({ cohort }: RosteredState, indices: Iterable<number>): readonly ParticipantId[] =>
  [...indices].flatMap((index) => {
    const entry = cohort.roster[index];
    return entry === undefined ? [] : [entry.participant];
  });

/** ABORT-1: persisted, uploads forgotten unopened, then told to all of `to`. */
export function abortRound(
  state: ActiveState,
  code: AbortCode,
  detail: string,
  to: Iterable<ParticipantId>,
): CoordinatorStep {
  const effects: CoordinatorEffect[] = [];
  if (state.kind !== 'opening') effects.push({ kind: 'cancel-timer', phase: state.kind });
  if ('u2' in state) effects.push({ kind: 'discard-uploads' });
  effects.push(
    { kind: 'persist-aborted', code, detail },
    { kind: 'send-abort', to: [...to], code, detail },
    { kind: 'publish' },
  );
  const { plan, declined } = state;
  return {
    state: { kind: 'aborted', plan, code, detail, declined: declined.size, dropped: droppedOf(state) },
    effects,
  };
}

/** Accepted and lost: before the roster, and in it by now. */
export function droppedOf(state: ActiveState): number {
  if (!('cohort' in state)) return state.dropped.size;
  const left = 'u3' in state ? state.u3 : 'u2' in state ? state.u2 : null;
  return state.dropped.size + (left === null ? 0 : state.cohort.roster.length - left.size);
}

/** FAULT-1: a message that its sender should not send in this state changes nothing. */
export function unexpected(state: ActiveState, from: ParticipantId, message: string): CoordinatorStep {
  const detail = `A message ${message} is not expected in the phase ${state.kind}.`;
  return stay(state, { kind: 'send-fault', to: from, fault: { code: 'wrong-phase', detail } });
}

/** SAME-1: another body for a message that was sent before counts for nothing. */
export function secondValue(state: ActiveState, from: ParticipantId, message: string): CoordinatorStep {
  const detail = `A second, different ${message} for one round counts for nothing.`;
  return stay(state, { kind: 'send-fault', to: from, fault: { code: 'second-value', detail } });
}

/**
 * FAULT-2: a message of one that is not, or no longer, in this attempt. It may have been on its way when its
 * sender was left out, so only one that was never invited is told.
 */
export function outsider(state: ActiveState, from: ParticipantId, message: string): CoordinatorStep {
  if (state.plan.invited.includes(from)) return stay(state);
  const detail = `A message ${message} came from outside this round.`;
  return stay(state, { kind: 'send-fault', to: from, fault: { code: 'not-in-roster', detail } });
}

/** The driver answered what this state never asked: a bug here, not a peer's doing. */
export function unasked(state: ActiveState, event: CoordinatorEvent): never {
  throw new Error(`invariant broken: the driver reports ${event.kind} in the phase ${state.kind}`);
}

const MESSAGES = {
  accept: 'accept',
  decline: 'decline',
  progress: 'progress',
  advertise: 'advertise',
  shares: 'shares',
  shared: 'shared',
  'masked-ready': 'masked-ready',
  chunk: 'masked',
  confirm: 'confirm',
  reveal: 'reveal',
} as const;

/** Messages and news that a state after the roster has no case of its own for. */
export function otherwise(state: RosteredState, event: CoordinatorEvent): CoordinatorStep {
  switch (event.kind) {
    case 'accept':
    case 'advertise': {
      const index = indexOf(state, event.from);
      if (index < 0) return outsider(state, event.from, event.kind);
      // Sent again after a reconnect.
      const same = event.kind === 'accept' || state.cohort.roster[index]?.digest === event.digest;
      return same ? stay(state) : secondValue(state, event.from, 'advertise');
    }
    case 'decline':
    case 'gone':
      return stay(indexOf(state, event.from) < 0 ? state : withAbsent(state, event.from, true));
    case 'progress':
    case 'shares':
    case 'shared':
    case 'masked-ready':
    case 'chunk':
    case 'confirm':
    case 'reveal':
      return stray(state, event);
    case 'returned':
      return stay(indexOf(state, event.from) < 0 ? state : withAbsent(state, event.from, false));
    case 'deadline':
      return stay(state);
    case 'stop':
      return abortRound(state, 'stopped', 'The run was stopped.', membersOf(state));
    case 'uploaded':
    case 'rebuilt':
    case 'rebuild-failed':
    case 'opened':
    case 'unopenable':
      return unasked(state, event);
    default:
      return unreachable(event);
  }
}

function stray(
  state: RosteredState,
  { kind, from }: Extract<CoordinatorEvent, { kind: keyof typeof MESSAGES }>,
): CoordinatorStep {
  const inside = indexOf(state, from) >= 0;
  return inside ? unexpected(state, from, MESSAGES[kind]) : outsider(state, from, MESSAGES[kind]);
}

/** All that a roster member may be told of: the roster, whoever has left it since included. */
export const membersOf = (state: RosteredState): readonly ParticipantId[] =>
  state.cohort.roster.map((entry) => entry.participant);

export function withAbsent<State extends RosteredState>(
  state: State,
  id: ParticipantId,
  isAbsent: boolean,
): State {
  const index = indexOf(state, id);
  return { ...state, absent: isAbsent ? including(state.absent, index) : without(state.absent, index) };
}
