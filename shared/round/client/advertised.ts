/** ROSTER-2: trained and advertised; the roster is checked before a mask is made. */
import { unreachable } from '../../base/invariant.ts';
import type { RosterEntry } from '../../protocol/transcript.ts';
import { abortRound, leaveRound, stay, unasked, unexpected } from './endings.ts';
import { outcomeWaitMs } from './patience.ts';
import { rosterObjection } from './roster.ts';
import type { ClientEvent, ClientStep, StateOf } from './types.ts';

type Advertised = StateOf<'advertised'>;

export function advertised(state: Advertised, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'roster':
      return checkRoster(state, event.entries);
    case 'abort':
      return abortRound(state, event.code, event.detail);
    case 'deadline':
      return leaveRound(state, 'roster-late');
    case 'socket-lost':
      return leaveRound(state, 'socket-lost');
    case 'leave':
      return leaveRound(state, 'person-left');
    case 'result':
      return unexpected(state, event.kind);
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

function checkRoster(state: Advertised, entries: readonly RosterEntry[]): ClientStep {
  const detail = rosterObjection(entries, state.plan, state.maskKey);
  if (detail !== null)
    return leaveRound(
      state,
      'roster-invalid',
      { kind: 'send-decline', reason: 'policy' },
      { kind: 'report-fault', fault: { code: 'not-in-roster', detail } },
    );
  return stay(
    { kind: 'masking', plan: state.plan, roster: entries },
    { kind: 'cancel-timer' },
    { kind: 'start-timer', ms: outcomeWaitMs(state.plan) },
    { kind: 'mask', entries },
  );
}
