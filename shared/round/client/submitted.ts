/** CONFIRM-1: all is sent; U3 is checked before it is confirmed. */
import { otherwise, refuse, stay } from './endings.ts';
import { confirmationsWaitMs } from './patience.ts';
import type { ClientEvent, ClientStep, SignedSet, StateOf } from './types.ts';

export function submitted(state: StateOf<'submitted'>, event: ClientEvent): ClientStep {
  switch (event.kind) {
    case 'unmask-request':
      return checkU3(state, event.u3);
    // The turn came back to it: some bytes did not arrive.
    case 'upload-grant':
      return stay({ ...state, kind: 'uploading' }, { kind: 'upload', nextChunk: event.nextChunk });
    case 'reconnected':
      return stay(state, { kind: 'resend', what: ['masked-ready'] });
    default:
      return otherwise(state, event);
  }
}

export function checkU3(state: StateOf<'uploading' | 'submitted'>, u3: SignedSet): ClientStep {
  const { plan, seat, held, u2 } = state;
  const detail = u3Objection(state, u3);
  if (detail !== null) return refuse(state, 'unmask-refused', detail);
  return stay(
    { kind: 'confirming', plan, seat, held, u2, u3 },
    { kind: 'cancel-timer' },
    { kind: 'start-timer', ms: confirmationsWaitMs(plan) },
    { kind: 'confirm', u2, u3 },
  );
}

/** Why nothing may be revealed for this U3, as a sentence; null where it may. */
function u3Objection({ plan, seat, u2 }: StateOf<'uploading' | 'submitted'>, u3: SignedSet): string | null {
  const members = new Set(u3.members);
  const asked = new Set(u2.members);
  if (u3.members.some((member) => !asked.has(member)))
    return 'The sum would hold an upload of one that was not asked to mask.';
  if (!members.has(seat.self)) return "This tab's upload is not in the sum.";
  if (members.size < plan.offer.minSurvivors)
    return `The sum would be of ${members.size}; this tab opens sums of ${plan.offer.minSurvivors} or more.`;
  const holders = seat.holders.filter((holder) => members.has(holder)).length;
  if (holders < seat.threshold)
    return `Only ${holders} of those who hold this tab's shares are in the sum; ${seat.threshold} are needed.`;
  return null;
}
