/** How a participant's attempt ends, and what every active state does with what it has no case of its own for. */
import { invariant, unreachable } from '../../base/invariant.ts';
import type {
  ActiveState,
  ClientEffect,
  ClientEvent,
  ClientState,
  ClientStep,
  LeaveReason,
} from './types.ts';

export const stay = (state: ClientState, ...effects: ClientEffect[]): ClientStep => ({ state, effects });

const ERASE: readonly ClientEffect[] = [{ kind: 'cancel-timer' }, { kind: 'erase-secrets' }];

/** LEAVE-1: secrets are erased before anything is said. */
export function leaveRound(
  state: ActiveState,
  why: LeaveReason,
  detail: string,
  ...effects: ClientEffect[]
): ClientStep {
  const revealed = state.kind === 'revealed';
  return stay({ kind: 'left', plan: state.plan, why, detail, revealed }, ...ERASE, ...effects);
}

/** It will not do what it was asked to: it says so, and reveals nothing. */
export const refuse = (state: ActiveState, why: LeaveReason, detail: string, ...effects: ClientEffect[]) =>
  leaveRound(state, why, detail, { kind: 'send-decline', reason: 'refused' }, ...effects);

/** EVIDENCE-1: two values signed for one sid. */
const equivocation = (state: ActiveState, of: 'roster' | 'u2' | 'u3') =>
  refuse(state, 'equivocation', `The coordinator signed two different values of ${of} for one round.`, {
    kind: 'keep-evidence',
    of,
  });

/** FAULT-1: a message that the coordinator should not send in this state changes nothing. */
function unexpected(state: ActiveState, message: string): ClientStep {
  const detail = `A message ${message} is not expected in the state ${state.kind}.`;
  return stay(state, { kind: 'report-fault', fault: { code: 'wrong-phase', detail } });
}

/** The driver answered what this state never asked: a bug here, not a peer's doing. */
function unasked(state: ActiveState, event: ClientEvent): never {
  throw new Error(`invariant broken: the driver reports ${event.kind} in the state ${state.kind}`);
}

/** Events that mean the same wherever a state has no case of its own for them. */
export function otherwise(state: ActiveState, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'abort': {
      const { code, detail } = event;
      const revealed = state.kind === 'revealed';
      return stay({ kind: 'aborted', plan: state.plan, code, detail, revealed }, ...ERASE);
    }
    case 'dismissed':
      return leaveRound(state, 'dismissed', event.detail);
    case 'deadline':
      return leaveRound(state, 'coordinator-silent', 'The coordinator said nothing for too long.');
    case 'leave':
      return leaveRound(state, 'person-left', 'This tab left.');
    case 'roster':
      if ('seat' in state)
        return event.root === state.seat.root ? stay(state) : equivocation(state, 'roster');
      if (state.kind === 'checking')
        return event.root === state.root ? stay(state) : equivocation(state, 'roster');
      return unexpected(state, event.kind);
    case 'mask-request':
      if ('u2' in state) return event.u2.bits === state.u2.bits ? stay(state) : equivocation(state, 'u2');
      return unexpected(state, event.kind);
    case 'unmask-request':
      if ('u3' in state) return event.u3.bits === state.u3.bits ? stay(state) : equivocation(state, 'u3');
      return unexpected(state, event.kind);
    case 'equivocated':
      return equivocation(state, event.of);
    // OUTCOME-2: one that missed what came before it learns it on its return.
    case 'result': {
      if (!('u2' in state)) return unexpected(state, event.kind);
      const { modelHash, survivors } = event;
      return stay({ kind: 'done', plan: state.plan, modelHash, survivors }, ...ERASE);
    }
    case 'upload-grant':
    case 'confirmations':
      return unexpected(state, event.kind);
    // Hints and late news that no longer matter.
    case 'progress':
    case 'peers-gone':
    case 'reconnected':
      return stay(state);
    case 'share-held': {
      if (!('seat' in state)) return unasked(state, event);
      invariant(state.seat.neighbours.includes(event.from), 'shares of neighbours are held');
      return stay({ ...state, held: new Set([...state.held, event.from]) });
    }
    case 'model-unavailable':
    case 'trained':
    case 'training-failed':
    case 'keyed':
    case 'roster-checked':
    case 'roster-refused':
    case 'masked':
    case 'mask-failed':
    case 'uploaded':
      return unasked(state, event);
    default:
      return unreachable(event);
  }
}
