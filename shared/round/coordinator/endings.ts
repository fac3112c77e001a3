/** How an attempt ends without a sum, and the answers to what does not fit a state. */
import type { ParticipantId } from '../../base/ids.ts';
import type { AbortCode } from '../../protocol/faults.ts';
import type {
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
  CoordinatorStep,
  StateOf,
} from './types.ts';

type Active = StateOf<'offered' | 'training' | 'masking' | 'opening'>;

export const stay = (state: CoordinatorState, ...effects: CoordinatorEffect[]): CoordinatorStep => ({
  state,
  effects,
});

/** ABORT-1: persisted, uploads forgotten unopened, then told to all of `to`. */
export function abortRound(
  state: Active,
  code: AbortCode,
  detail: string,
  to: Iterable<ParticipantId>,
): CoordinatorStep {
  const effects: CoordinatorEffect[] = [];
  if (state.kind !== 'opening') effects.push({ kind: 'cancel-timer', phase: state.kind });
  if (state.kind === 'masking' || state.kind === 'opening') effects.push({ kind: 'discard-uploads' });
  effects.push(
    { kind: 'persist-aborted', code, detail },
    { kind: 'send-abort', to: [...to], code, detail },
    { kind: 'publish' },
  );
  const { plan, declined, dropped } = state;
  return {
    state: { kind: 'aborted', plan, code, detail, declined: declined.size, dropped: dropped.size },
    effects,
  };
}

/** FAULT-1: a message that its sender should not send in this state changes nothing. */
export function unexpected(state: Active, from: ParticipantId, message: string): CoordinatorStep {
  return stay(state, {
    kind: 'send-fault',
    to: from,
    fault: {
      code: 'wrong-phase',
      detail: `A message ${message} is not expected in the phase ${state.kind}.`,
    },
  });
}

/**
 * FAULT-2: a message of one that is not, or no longer, in this attempt. It may have been on its way when its
 * sender was left out, so only one that was never invited is told.
 */
export function outsider(state: Active, from: ParticipantId, message: string): CoordinatorStep {
  if (state.plan.invited.includes(from)) return stay(state);
  return stay(state, {
    kind: 'send-fault',
    to: from,
    fault: { code: 'not-in-roster', detail: `A message ${message} came from outside this round.` },
  });
}

/** The driver answered what this state never asked: a bug here, not a peer's doing. */
export function unasked(state: Active, event: CoordinatorEvent): never {
  throw new Error(`invariant broken: the driver reports ${event.kind} in the phase ${state.kind}`);
}

export const without = <Item>(items: ReadonlySet<Item>, left: Item): ReadonlySet<Item> =>
  new Set([...items].filter((item) => item !== left));
export const including = <Item>(items: ReadonlySet<Item>, added: Item): ReadonlySet<Item> =>
  new Set([...items, added]);
