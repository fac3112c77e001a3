/** REVEAL-1: shares are revealed once, after enough holders have signed the same U3. */
import { otherwise, refuse, stay } from './endings.ts';
import { outcomeWaitMs } from './patience.ts';
import type { ClientEvent, ClientStep, StateOf } from './types.ts';

type Confirming = StateOf<'confirming'>;

export function confirming(state: Confirming, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'confirmations':
      return reveal(state, event.valid);
    case 'reconnected':
      return stay(state, { kind: 'resend', what: ['confirm'] });
    default:
      return otherwise(state, event);
  }
}

function reveal(state: Confirming, valid: readonly number[]): ClientStep {
  const { plan, seat, held, u2, u3 } = state;
  const survivors = new Set(u3.members);
  // Its own signature counts where it is a holder of its own shares.
  const signed = new Set([...valid, seat.self]);
  const confirmed = seat.holders.filter((holder) => survivors.has(holder) && signed.has(holder)).length;
  if (confirmed < seat.threshold)
    return refuse(
      state,
      'too-few-confirmed',
      `Only ${confirmed} of those who hold this tab's shares confirmed the same sum; ${seat.threshold} are needed.`,
    );
  const asked = u2.members.filter((member) => held.has(member));
  return stay(
    { ...state, kind: 'revealed' },
    { kind: 'cancel-timer' },
    { kind: 'start-timer', ms: outcomeWaitMs(plan) },
    {
      kind: 'reveal',
      survivors: asked.filter((member) => survivors.has(member)),
      dropped: asked.filter((member) => !survivors.has(member)),
    },
  );
}
