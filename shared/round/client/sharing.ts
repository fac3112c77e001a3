/** SHARE: sealed shares go to every neighbour and come from every neighbour. */
import { otherwise, stay } from './endings.ts';
import { maskRequestWaitMs } from './patience.ts';
import type { ClientEffect, ClientEvent, ClientStep, StateOf } from './types.ts';

type Sharing = StateOf<'sharing'>;

export function sharing(state: Sharing, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'share-held':
      return settleShares({ ...state, held: new Set([...state.held, event.from]) });
    case 'peers-gone':
      return settleShares({ ...state, gone: new Set(event.gone) });
    case 'deadline':
      return report(state, []);
    case 'reconnected':
      return stay(state, { kind: 'resend', what: ['shares'] });
    default:
      return otherwise(state, event);
  }
}

/** SHARE-3: it says whose shares it holds when it has all that can still come. `effects` come first. */
export function settleShares(state: Sharing, ...effects: ClientEffect[]): ClientStep {
  const { seat, held, gone } = state;
  const waiting = seat.neighbours.some((peer) => !held.has(peer) && !gone.has(peer));
  return waiting ? stay(state, ...effects) : report(state, effects);
}

function report({ plan, seat, held }: Sharing, effects: readonly ClientEffect[]): ClientStep {
  return stay(
    { kind: 'shared', plan, seat, held },
    ...effects,
    { kind: 'cancel-timer' },
    { kind: 'send-shared', held: [...held].toSorted((a, b) => a - b) },
    { kind: 'start-timer', ms: maskRequestWaitMs(plan) },
  );
}
