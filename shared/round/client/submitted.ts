/** OPEN: all is sent and erased; only the outcome is awaited. */
import { unreachable } from '../../base/invariant.ts';
import { abortRound, finishRound, leaveRound, stay, unasked, unexpected } from './endings.ts';
import { sameRoster } from './roster.ts';
import type { ClientEvent, ClientStep, StateOf } from './types.ts';

export function submitted(state: StateOf<'submitted'>, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'result':
      return finishRound(state, event);
    case 'abort':
      return abortRound(state, event.code, event.detail);
    case 'deadline':
      return leaveRound(state, 'outcome-late');
    case 'socket-lost':
      return leaveRound(state, 'socket-lost');
    case 'leave':
      return leaveRound(state, 'person-left');
    case 'roster':
      return sameRoster(state.roster, event.entries) ? stay(state) : unexpected(state, event.kind);
    case 'progress':
      return stay(state);
    case 'trained':
    case 'training-failed':
    case 'model-unavailable':
    case 'keyed':
    case 'masked':
    case 'mask-failed':
    case 'uploaded':
      return unasked(state, event);
    default:
      return unreachable(event);
  }
}
