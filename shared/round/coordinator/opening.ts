/** OPEN: every upload is in. Whoever leaves, and even a stop, changes nothing: the sum becomes a model. */
import { unreachable } from '../../base/invariant.ts';
import { abortRound, outsider, stay, unasked, unexpected } from './endings.ts';
import type { CoordinatorEvent, CoordinatorStep, StateOf } from './types.ts';

type Opening = StateOf<'opening'>;

export function opening(state: Opening, event: CoordinatorEvent): CoordinatorStep {
  const members = state.roster.map((entry) => entry.participant);
  switch (event.kind) {
    case 'opened':
      return done(state, event.sumHash, event.modelHash);
    case 'unopenable':
      return abortRound(state, 'sum-invalid', event.detail, members);
    case 'accept':
      return members.includes(event.from) ? stay(state) : outsider(state, event.from, 'accept');
    case 'advertise':
      return state.roster.some(
        ({ participant, maskKey }) => participant === event.from && maskKey === event.maskKey,
      )
        ? stay(state)
        : stray(state, event.from, 'advertise');
    case 'decline':
    case 'progress':
      return stray(state, event.from, event.kind);
    case 'chunk':
      return stray(state, event.from, 'masked');
    case 'gone':
    case 'deadline':
    case 'stop':
      return stay(state);
    case 'uploaded':
      return unasked(state, event);
    default:
      return unreachable(event);
  }
}

function stray(state: Opening, from: (typeof state.plan.invited)[number], message: string): CoordinatorStep {
  const listed = state.roster.some((entry) => entry.participant === from);
  return listed ? unexpected(state, from, message) : outsider(state, from, message);
}

/** OPEN-2: persisted first, then told to the whole roster. */
function done(state: Opening, sumHash: string, modelHash: StateOf<'done'>['modelHash']): CoordinatorStep {
  const survivors = state.roster.map((entry) => entry.participant);
  return stay(
    {
      kind: 'done',
      plan: state.plan,
      survivors,
      declined: state.declined.size,
      dropped: state.dropped.size,
      sumHash,
      modelHash,
    },
    { kind: 'persist-done', sumHash, modelHash },
    { kind: 'send-result', to: survivors, sumHash, modelHash, survivors: survivors.length },
    { kind: 'publish' },
  );
}
