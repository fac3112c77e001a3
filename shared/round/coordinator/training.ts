/** TRAIN: participants train, then advertise their keys; whoever leaves costs nothing while enough remain. */
import type { ParticipantId } from '../../base/ids.ts';
import { unreachable } from '../../base/invariant.ts';
import { abortRound, outsider, stay, unasked, unexpected } from './endings.ts';
import { including, without } from './sets.ts';
import { enterSharing } from './sharing.ts';
import type { Advertised, CoordinatorEffect, CoordinatorEvent, CoordinatorStep, StateOf } from './types.ts';

type Training = StateOf<'training'>;

export function training(state: Training, event: CoordinatorEvent): CoordinatorStep {
  switch (event.kind) {
    case 'accept':
      return inside(state, event.from) ? stay(state) : outsider(state, event.from, 'accept');
    case 'decline':
      return inside(state, event.from)
        ? settle(remove(state, event.from))
        : outsider(state, event.from, 'decline');
    case 'progress':
      return state.pending.has(event.from)
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
      return inside(state, event.from) ? settle(remove(state, event.from)) : stay(state);
    case 'deadline':
      return event.phase === 'training' ? close(state) : stay(state);
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

/** All have accepted; those who have trained already are known. `effects` come first. */
export function enterTraining(
  { plan, declined, dropped, accepted, advertised }: StateOf<'offered'>,
  effects: readonly CoordinatorEffect[],
): CoordinatorStep {
  const pending = new Set([...accepted].filter((participant) => !advertised.has(participant)));
  const state: Training = { kind: 'training', plan, declined, dropped, pending, advertised };
  if (pending.size === 0) return enterSharing(state, effects);
  return stay(
    state,
    ...effects,
    { kind: 'start-timer', phase: 'training', ms: plan.durationsMs.training },
    { kind: 'publish' },
  );
}

/** What becomes of a round with one participant's keys in it, or without the one that broke a rule. */
interface AdvertiseOutcomes {
  taken(advertised: ReadonlyMap<ParticipantId, Advertised>): CoordinatorStep;
  out(): CoordinatorStep;
}

/** TRAIN-3: one advertise a participant and one participant a mask key; whoever breaks it is out of this round. */
export function takeAdvertise(
  state: StateOf<'offered' | 'training'>,
  from: ParticipantId,
  { digest, maskKey }: Advertised,
  { taken, out }: AdvertiseOutcomes,
): CoordinatorStep {
  const refused = (detail: string): CoordinatorStep => {
    const next = out();
    const fault = { code: 'second-key', detail } as const;
    return { ...next, effects: [{ kind: 'send-fault', to: from, fault }, ...next.effects] };
  };
  const known = state.advertised.get(from);
  if (known?.digest === digest) return stay(state);
  if (known !== undefined) return refused('A second advertise for one round; this round goes on without it.');
  if ([...state.advertised.values()].some((other) => other.maskKey === maskKey))
    return refused('This mask key is another participant’s; this round goes on without it.');
  return taken(new Map([...state.advertised, [from, { digest, maskKey }]]));
}

const inside = (state: Training, from: ParticipantId) =>
  state.pending.has(from) || state.advertised.has(from);
const present = (state: Training) => [...state.pending, ...state.advertised.keys()];

function refuse(state: Training, from: ParticipantId, message: string): CoordinatorStep {
  return inside(state, from) ? unexpected(state, from, message) : outsider(state, from, message);
}

function advertise(state: Training, from: ParticipantId, keys: Advertised): CoordinatorStep {
  if (!inside(state, from)) return outsider(state, from, 'advertise');
  return takeAdvertise(state, from, keys, {
    taken: (advertised) => settle({ ...state, pending: without(state.pending, from), advertised }),
    out: () => settle(remove(state, from)),
  });
}

function remove(state: Training, left: ParticipantId): Training {
  const advertised = new Map(state.advertised);
  advertised.delete(left);
  return {
    ...state,
    pending: without(state.pending, left),
    dropped: including(state.dropped, left),
    advertised,
  };
}

/** TRAIN-4: the roster freezes when all who are left have trained; too few left end the round at once. */
function settle(state: Training): CoordinatorStep {
  if (state.pending.size + state.advertised.size < state.plan.minCohort) return tooFew(state);
  if (state.pending.size > 0) return stay(state, { kind: 'publish' });
  return enterSharing(state, [{ kind: 'cancel-timer', phase: 'training' }]);
}

/** TRAIN-5: the deadline leaves out who is still training. */
function close(state: Training): CoordinatorStep {
  if (state.advertised.size < state.plan.minCohort) return tooFew(state);
  const dropped = new Set([...state.dropped, ...state.pending]);
  return enterSharing({ ...state, dropped, pending: new Set() }, [
    {
      kind: 'send-dismissed',
      to: [...state.pending],
      detail: 'Training took longer than the round allows; the round goes on without this participant.',
    },
  ]);
}

function tooFew(state: Training): CoordinatorStep {
  const { pending, advertised, plan } = state;
  const detail = `${advertised.size} have trained and ${pending.size} had not; a round needs ${plan.minCohort}.`;
  return abortRound(state, 'too-few-trained', detail, present(state));
}
