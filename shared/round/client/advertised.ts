/** ROSTER-2: trained and advertised; the roster is checked before a share is dealt. */
import { otherwise, refuse, stay } from './endings.ts';
import { rosterObjection } from './roster.ts';
import type { ClientEvent, ClientStep, StateOf } from './types.ts';

export function advertised(state: StateOf<'advertised'>, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'roster': {
      const { root, entries } = event;
      const detail = rosterObjection(entries, state.plan, state.digest);
      if (detail !== null) return refuse(state, 'roster-invalid', detail);
      return stay({ kind: 'checking', plan: state.plan, root }, { kind: 'check-roster', root, entries });
    }
    case 'reconnected':
      return stay(state, { kind: 'resend', what: ['accept', 'advertise'] });
    default:
      return otherwise(state, event);
  }
}
