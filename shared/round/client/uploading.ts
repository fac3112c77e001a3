/** UPLOAD: the masked vector is on its way in chunks. */
import { unreachable } from '../../base/invariant.ts';
import { abortRound, finishRound, leaveRound, stay, unasked } from './endings.ts';
import { secondRoster } from './masking.ts';
import { outcomeWaitMs } from './patience.ts';
import { sameRoster } from './roster.ts';
import type { ClientEvent, ClientStep, StateOf } from './types.ts';

export function uploading(state: StateOf<'uploading'>, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'uploaded':
      return stay(
        { kind: 'submitted', plan: state.plan, roster: state.roster },
        { kind: 'cancel-timer' },
        { kind: 'erase-secrets' },
        { kind: 'start-timer', ms: outcomeWaitMs(state.plan) },
      );
    // The last bytes may have arrived before the driver saw its socket drained.
    case 'result':
      return finishRound(state, event);
    case 'roster':
      return sameRoster(state.roster, event.entries) ? stay(state) : secondRoster(state);
    case 'abort':
      return abortRound(state, event.code, event.detail);
    case 'deadline':
      return leaveRound(state, 'outcome-late');
    case 'socket-lost':
      return leaveRound(state, 'socket-lost');
    case 'leave':
      return leaveRound(state, 'person-left');
    case 'progress':
      return stay(state);
    case 'trained':
    case 'training-failed':
    case 'model-unavailable':
    case 'keyed':
    case 'masked':
    case 'mask-failed':
      return unasked(state, event);
    default:
      return unreachable(event);
  }
}
