/** MASK: the masks of all peers are added to the update in place. */
import { unreachable } from '../../base/invariant.ts';
import { abortRound, leaveRound, stay, unasked, unexpected } from './endings.ts';
import { sameRoster } from './roster.ts';
import type { ClientEvent, ClientStep, StateOf } from './types.ts';

export function masking(state: StateOf<'masking'>, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'masked':
      return stay({ kind: 'uploading', plan: state.plan, roster: state.roster }, { kind: 'upload' });
    case 'mask-failed':
      return leaveRound(state, 'roster-invalid', { kind: 'send-decline', reason: 'policy' });
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
    case 'result':
      return unexpected(state, event.kind);
    case 'progress':
      return stay(state);
    case 'trained':
    case 'training-failed':
    case 'model-unavailable':
    case 'keyed':
    case 'uploaded':
      return unasked(state, event);
    default:
      return unreachable(event);
  }
}

/** ROSTER-3: the first roster of a sid is final; a coordinator that sends another is not trusted on. */
export function secondRoster(state: StateOf<'masking' | 'uploading'>): ClientStep {
  return leaveRound(
    state,
    'roster-invalid',
    { kind: 'send-decline', reason: 'policy' },
    {
      kind: 'report-fault',
      fault: { code: 'wrong-phase', detail: 'A second, different roster for one round.' },
    },
  );
}
