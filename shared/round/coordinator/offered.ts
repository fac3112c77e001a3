/** OFFER: who takes part. Some may have trained already while others have not answered. */
import type { ParticipantId } from '../../base/ids.ts';
import { unreachable } from '../../base/invariant.ts';
import { abortRound, outsider, stay, unasked, unexpected } from './endings.ts';
import { including, without } from './sets.ts';
import { enterTraining, takeAdvertise } from './training.ts';
import type { Advertised, CoordinatorEvent, CoordinatorStep, StateOf } from './types.ts';

type Offered = StateOf<'offered'>;

export function offered(state: Offered, event: CoordinatorEvent): CoordinatorStep {
  switch (event.kind) {
    case 'accept':
      return accept(state, event.from);
    case 'decline':
      return decline(state, event.from);
    case 'progress':
      return inTraining(state, event.from)
        ? stay(state, { kind: 'publish' })
        : refuse(state, event.from, 'progress');
    case 'advertise':
      return advertise(state, event.from, event);
    case 'shares':
    case 'shared':
    case 'masked-ready':
    case 'confirm':
    case 'reveal':
      return refuse(state, event.from, event.kind);
    case 'chunk':
      return refuse(state, event.from, 'masked');
    case 'returned':
      return stay(state);
    case 'gone':
      return settle(remove(state, event.from));
    case 'deadline':
      return event.phase === 'offered' ? close(state) : stay(state);
    case 'stop':
      return abortRound(state, 'stopped', 'The run was stopped.', present(state));
    case 'uploaded':
    case 'rebuilt':
    case 'rebuild-failed':
    case 'opened':
    case 'unopenable':
      return unasked(state, event);
    default:
      return unreachable(event);
  }
}

const present = (state: Offered) => [...state.pending, ...state.accepted];
const inTraining = (state: Offered, from: ParticipantId) =>
  state.accepted.has(from) && !state.advertised.has(from);

function refuse(state: Offered, from: ParticipantId, message: string): CoordinatorStep {
  const inside = state.pending.has(from) || state.accepted.has(from);
  return inside ? unexpected(state, from, message) : outsider(state, from, message);
}

function accept(state: Offered, from: ParticipantId): CoordinatorStep {
  if (state.accepted.has(from)) return stay(state);
  if (!state.pending.has(from)) return outsider(state, from, 'accept');
  return settle({
    ...state,
    pending: without(state.pending, from),
    accepted: including(state.accepted, from),
  });
}

function decline(state: Offered, from: ParticipantId): CoordinatorStep {
  if (state.pending.has(from))
    return settle({ ...remove(state, from), declined: including(state.declined, from) });
  return state.accepted.has(from) ? settle(remove(state, from)) : outsider(state, from, 'decline');
}

function advertise(state: Offered, from: ParticipantId, keys: Advertised): CoordinatorStep {
  if (!state.accepted.has(from)) return refuse(state, from, 'advertise');
  return takeAdvertise(state, from, keys, {
    taken: (advertised) => stay({ ...state, advertised }, { kind: 'publish' }),
    out: () => settle(remove(state, from)),
  });
}

/** Without `left`; it counts as dropped only where it had accepted. */
function remove(state: Offered, left: ParticipantId): Offered {
  const advertised = new Map(state.advertised);
  advertised.delete(left);
  return {
    ...state,
    pending: without(state.pending, left),
    accepted: without(state.accepted, left),
    dropped: state.accepted.has(left) ? including(state.dropped, left) : state.dropped,
    advertised,
  };
}

/** OFFER-4: goes on when all have answered, and ends at once when too few can. */
function settle(state: Offered): CoordinatorStep {
  const { pending, accepted, plan } = state;
  if (pending.size + accepted.size < plan.minCohort) return tooFew(state);
  if (pending.size > 0) return stay(state, { kind: 'publish' });
  return enterTraining(state, [{ kind: 'cancel-timer', phase: 'offered' }]);
}

/** OFFER-5: the deadline leaves out who has not answered. */
function close(state: Offered): CoordinatorStep {
  const { pending, accepted, plan } = state;
  if (accepted.size < plan.minCohort) return tooFew(state);
  return enterTraining({ ...state, pending: new Set() }, [
    {
      kind: 'send-dismissed',
      to: [...pending],
      detail: 'The answer to the offer did not come in time; the round goes on without this participant.',
    },
  ]);
}

function tooFew(state: Offered): CoordinatorStep {
  const { pending, accepted, plan } = state;
  const detail = `${accepted.size} accepted and ${pending.size} had not answered; a round needs ${plan.minCohort}.`;
  return abortRound(state, 'too-few-accepted', detail, present(state));
}
