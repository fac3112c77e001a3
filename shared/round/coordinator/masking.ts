/** ROSTER, MASK, UPLOAD: the roster is final; every upload of it is needed. */
import type { ParticipantId } from '../../base/ids.ts';
import { invariant, unreachable } from '../../base/invariant.ts';
import { abortRound, including, outsider, stay, unasked, unexpected } from './endings.ts';
import type { CoordinatorEffect, CoordinatorEvent, CoordinatorStep, StateOf } from './types.ts';

type Masking = StateOf<'masking'>;

export function masking(state: Masking, event: CoordinatorEvent): CoordinatorStep {
  switch (event.kind) {
    case 'accept':
      return listed(state, event.from) ? stay(state) : outsider(state, event.from, 'accept');
    case 'advertise':
      return sameKey(state, event.from, event.maskKey) ? stay(state) : refuse(state, event.from, 'advertise');
    case 'progress':
      return refuse(state, event.from, 'progress');
    case 'decline':
      return missing(state, event.from) ? lost(state, event.from) : refuse(state, event.from, 'decline');
    case 'chunk':
      return missing(state, event.from)
        ? stay(state, { kind: 'take-chunk', from: event.from })
        : refuse(state, event.from, 'masked');
    case 'uploaded':
      return uploaded(state, event.from);
    case 'gone':
      return missing(state, event.from) ? lost(state, event.from) : stay(state);
    case 'deadline':
      return event.phase === 'masking' ? late(state) : stay(state);
    case 'stop':
      return abortRound(state, 'stopped', 'The run was stopped.', members(state));
    case 'opened':
    case 'unopenable':
      return unasked(state, event);
    default:
      return unreachable(event);
  }
}

/** ROSTER-1: the roster of all who advertised, sorted by id, is frozen and sent. `effects` come first. */
export function enterMasking(
  { plan, declined, dropped, advertised }: StateOf<'training'>,
  effects: readonly CoordinatorEffect[],
): CoordinatorStep {
  invariant(advertised.size >= plan.minCohort, 'no roster is smaller than minCohort');
  const roster = [...advertised]
    .map(([participant, maskKey]) => ({ participant, maskKey }))
    .sort((a, b) => (a.participant < b.participant ? -1 : 1));
  const to = roster.map((entry) => entry.participant);
  return stay(
    { kind: 'masking', plan, declined, dropped, roster, uploaded: new Set() },
    ...effects,
    { kind: 'send-roster', to, entries: roster },
    { kind: 'start-timer', phase: 'masking', ms: plan.durationsMs.masking },
    { kind: 'publish' },
  );
}

const members = (state: Masking) => state.roster.map((entry) => entry.participant);
const listed = (state: Masking, from: ParticipantId) =>
  state.roster.some((entry) => entry.participant === from);
const missing = (state: Masking, from: ParticipantId) => listed(state, from) && !state.uploaded.has(from);
const sameKey = (state: Masking, from: ParticipantId, maskKey: string) =>
  state.roster.some((entry) => entry.participant === from && entry.maskKey === maskKey);

function refuse(state: Masking, from: ParticipantId, message: string): CoordinatorStep {
  return listed(state, from) ? unexpected(state, from, message) : outsider(state, from, message);
}

/** OPEN-1: opened when, and only when, every upload of the roster is in. */
function uploaded(state: Masking, from: ParticipantId): CoordinatorStep {
  invariant(missing(state, from), 'an upload is complete once, and from a roster member');
  const next = including(state.uploaded, from);
  const { plan, declined, dropped, roster } = state;
  if (next.size < roster.length) return stay({ ...state, uploaded: next }, { kind: 'publish' });
  return stay(
    { kind: 'opening', plan, declined, dropped, roster },
    { kind: 'cancel-timer', phase: 'masking' },
    { kind: 'open-sum' },
    { kind: 'publish' },
  );
}

/** ABORT-2: masks of one that is missing do not cancel, and the others' updates must not be masked again. */
function lost(state: Masking, from: ParticipantId): CoordinatorStep {
  const dropped = including(state.dropped, from);
  const detail =
    'A participant left before its upload was complete; what was uploaded is discarded unopened.';
  return abortRound({ ...state, dropped }, 'upload-missing', detail, members(state));
}

function late(state: Masking): CoordinatorStep {
  const absent = members(state).filter((participant) => !state.uploaded.has(participant));
  const dropped = new Set([...state.dropped, ...absent]);
  const detail = `${absent.length} of ${state.roster.length} uploads were not complete in time; the others are discarded unopened.`;
  return abortRound({ ...state, dropped }, 'upload-missing', detail, members(state));
}
