/** REVEAL-2: its shares are out; a second kind of share is never asked for, since U3 is final. */
import { otherwise, stay } from './endings.ts';
import type { ClientEvent, ClientStep, StateOf } from './types.ts';

export function revealed(state: StateOf<'revealed'>, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'confirmations':
      return stay(state);
    case 'reconnected':
      return stay(state, { kind: 'resend', what: ['reveal'] });
    default:
      return otherwise(state, event);
  }
}
