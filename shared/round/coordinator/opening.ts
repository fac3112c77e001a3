/** OPEN: the masks come off. Whoever leaves, and even a stop, changes nothing: the sum becomes a model. */
import { abortRound, droppedOf, idsOf, indexOf, membersOf, otherwise, stay } from './endings.ts';
import { late } from './frozen.ts';
import { ascending } from './sets.ts';
import type { CoordinatorEvent, CoordinatorStep, StateOf } from './types.ts';

type Opening = StateOf<'opening'>;

export function opening(state: Opening, event: CoordinatorEvent): CoordinatorStep {
  switch (event.kind) {
    case 'opened':
      return done(state, event.sumHash, event.modelHash);
    case 'unopenable':
      return abortRound(state, 'sum-invalid', event.detail, membersOf(state));
    case 'reveal':
    case 'confirm':
      return state.u3.has(indexOf(state, event.from)) ? stay(state) : otherwise(state, event);
    case 'masked-ready':
    case 'chunk':
      return late(state, event.from, indexOf(state, event.from));
    case 'stop':
      return stay(state);
    default:
      return otherwise(state, event);
  }
}

/** OUTCOME-1: persisted first, then told to all whose update is in the sum. */
function done(state: Opening, sumHash: string, modelHash: StateOf<'done'>['modelHash']): CoordinatorStep {
  const survivors = idsOf(state, ascending(state.u3));
  return stay(
    {
      kind: 'done',
      plan: state.plan,
      survivors,
      declined: state.declined.size,
      dropped: droppedOf(state),
      sumHash,
      modelHash,
    },
    { kind: 'persist-done', sumHash, modelHash },
    { kind: 'send-result', to: survivors, sumHash, modelHash, survivors: survivors.length },
    { kind: 'publish' },
  );
}
