/** TRAIN-2: a mask key is made after training, for this attempt alone. */
import { unreachable } from '../../base/invariant.ts';
import { abortRound, leaveRound, stay, unasked, unexpected } from './endings.ts';
import type { ClientEvent, ClientStep, StateOf } from './types.ts';

export function keying(state: StateOf<'keying'>, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'keyed':
      return stay(
        { kind: 'advertised', plan: state.plan, maskKey: event.maskKey },
        { kind: 'send-advertise', maskKey: event.maskKey },
      );
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
    case 'progress':
      return stay(state);
    case 'trained':
    case 'training-failed':
    case 'model-unavailable':
    case 'masked':
    case 'mask-failed':
    case 'uploaded':
      return unasked(state, event);
    default:
      return unreachable(event);
  }
}
