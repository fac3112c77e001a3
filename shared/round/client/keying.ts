/** TRAIN-2: keys are made after training, for this attempt alone. */
import { otherwise, stay } from './endings.ts';
import type { ClientEvent, ClientStep, StateOf } from './types.ts';

export function keying(state: StateOf<'keying'>, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'keyed':
      return stay({ kind: 'advertised', plan: state.plan, digest: event.digest }, { kind: 'send-advertise' });
    case 'reconnected':
      return stay(state, { kind: 'resend', what: ['accept'] });
    default:
      return otherwise(state, event);
  }
}
