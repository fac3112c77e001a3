/** ROSTER-5: every neighbour's advertise is the one the roster lists, signed by it, and invited. */
import { otherwise, refuse } from './endings.ts';
import { shareWaitMs } from './patience.ts';
import { settleShares } from './sharing.ts';
import type { ClientEvent, ClientStep, StateOf } from './types.ts';

export function checking(state: StateOf<'checking'>, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'roster-checked': {
      const { seat } = event;
      const held = new Set(seat.holders.filter((holder) => holder === seat.self));
      return settleShares(
        { kind: 'sharing', plan: state.plan, seat, held, gone: new Set() },
        { kind: 'cancel-timer' },
        { kind: 'start-timer', ms: shareWaitMs(state.plan) },
        { kind: 'exchange-shares', seat },
      );
    }
    case 'roster-refused':
      return refuse(state, 'roster-invalid', event.detail);
    default:
      return otherwise(state, event);
  }
}
