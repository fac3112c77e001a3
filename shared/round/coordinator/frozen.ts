/** What the phases after U3 froze have in common. */
import type { ParticipantId } from '../../base/ids.ts';
import { otherwise, stay } from './endings.ts';
import { ascending } from './sets.ts';
import type { CoordinatorEffect, CoordinatorStep, StateOf } from './types.ts';

/** UPLOAD-5: on its way when U3 froze; discarded unread, and never in the sum again. */
export function late(
  state: StateOf<'confirming' | 'unmasking' | 'opening'>,
  from: ParticipantId,
  index: number,
): CoordinatorStep {
  if (index >= 0) return stay(state);
  return otherwise(state, { kind: 'chunk', from });
}

export const unmaskRequest = (
  { u2, u3 }: StateOf<'confirming' | 'unmasking'>,
  to: readonly ParticipantId[],
): CoordinatorEffect => ({ kind: 'send-unmask-request', to, u2: ascending(u2), u3: ascending(u3) });

export const outOfSum = (state: StateOf<'confirming' | 'unmasking'>, from: ParticipantId): CoordinatorStep =>
  stay(state, {
    kind: 'send-dismissed',
    to: [from],
    detail: 'The round went on without this participant while it was away.',
  });
