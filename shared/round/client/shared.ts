/** MASK-1: U2 is checked before anything is masked. */
import { otherwise, refuse, stay } from './endings.ts';
import { unmaskRequestWaitMs } from './patience.ts';
import type { ClientEvent, ClientStep, SignedSet, StateOf } from './types.ts';

type Shared = StateOf<'shared'>;

export function shared(state: Shared, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'mask-request':
      return checkU2(state, event.u2);
    case 'reconnected':
      return stay(state, { kind: 'resend', what: ['shares', 'shared'] });
    default:
      return otherwise(state, event);
  }
}

function checkU2(state: Shared, u2: SignedSet): ClientStep {
  const { plan, seat, held } = state;
  const members = new Set(u2.members);
  const holders = seat.holders.filter((holder) => members.has(holder)).length;
  if (!members.has(seat.self)) return refuse(state, 'mask-refused', 'This tab was left out before masking.');
  if (members.size < plan.offer.minSurvivors)
    return refuse(
      state,
      'mask-refused',
      `Only ${members.size} are left; a sum is opened of ${plan.offer.minSurvivors}.`,
    );
  if (holders < seat.threshold)
    return refuse(
      state,
      'mask-refused',
      `Only ${holders} of those who hold this tab's shares are left; ${seat.threshold} are needed.`,
    );
  return stay(
    { kind: 'masking', plan, seat, held, u2 },
    { kind: 'cancel-timer' },
    { kind: 'start-timer', ms: unmaskRequestWaitMs(plan) },
    { kind: 'mask', peers: seat.neighbours.filter((peer) => members.has(peer)) },
  );
}
