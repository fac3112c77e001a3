/** How a participant's attempt ends, and the answers to what does not fit a state. */
import type { AbortCode } from '../../protocol/faults.ts';
import type { ClientEffect, ClientEvent, ClientState, ClientStep, LeaveReason, StateOf } from './types.ts';

type Active = StateOf<'training' | 'keying' | 'advertised' | 'masking' | 'uploading' | 'submitted'>;

export const stay = (state: ClientState, ...effects: ClientEffect[]): ClientStep => ({ state, effects });

const ERASE: readonly ClientEffect[] = [{ kind: 'cancel-timer' }, { kind: 'erase-secrets' }];

/** LEAVE-1: secrets are erased before anything is said. */
export function leaveRound(state: Active, why: LeaveReason, ...effects: ClientEffect[]): ClientStep {
  return stay({ kind: 'left', plan: state.plan, why }, ...ERASE, ...effects);
}

export function abortRound(state: Active, code: AbortCode, detail: string): ClientStep {
  return stay({ kind: 'aborted', plan: state.plan, code, detail }, ...ERASE);
}

export function finishRound(state: Active, result: Extract<ClientEvent, { kind: 'result' }>): ClientStep {
  const { modelHash, survivors } = result;
  return stay({ kind: 'done', plan: state.plan, modelHash, survivors }, ...ERASE);
}

/** FAULT-1: a message that the coordinator should not send in this state changes nothing. */
export function unexpected(state: Active, message: string): ClientStep {
  return stay(state, {
    kind: 'report-fault',
    fault: {
      code: 'wrong-phase',
      detail: `A message ${message} is not expected in the state ${state.kind}.`,
    },
  });
}

/** The driver answered what this state never asked: a bug here, not a peer's doing. */
export function unasked(state: Active, event: ClientEvent): never {
  throw new Error(`invariant broken: the driver reports ${event.kind} in the state ${state.kind}`);
}
