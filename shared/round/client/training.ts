/** TRAIN: the offer is accepted; the model is fetched, trained on, and the update quantized. */
import { unreachable } from '../../base/invariant.ts';
import { abortRound, leaveRound, stay, unasked, unexpected } from './endings.ts';
import type { ClientEvent, ClientStep, StateOf } from './types.ts';

export function training(state: StateOf<'training'>, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'progress':
      return stay(state, { kind: 'send-progress', percent: event.percent });
    case 'trained':
      return stay({ kind: 'keying', plan: state.plan }, { kind: 'make-key' });
    case 'training-failed':
    case 'model-unavailable':
      return leaveRound(state, event.kind, { kind: 'send-decline', reason: event.kind });
    case 'abort':
      return abortRound(state, event.code, event.detail);
    case 'deadline':
      return leaveRound(state, 'roster-late');
    case 'socket-lost':
      return leaveRound(state, 'socket-lost');
    case 'leave':
      return leaveRound(state, 'person-left');
    case 'roster':
    case 'result':
      return unexpected(state, event.kind);
    case 'keyed':
    case 'masked':
    case 'mask-failed':
    case 'uploaded':
      return unasked(state, event);
    default:
      return unreachable(event);
  }
}
