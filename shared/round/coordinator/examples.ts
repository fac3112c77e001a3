/** A cohort of four and the events of its round, for the tests of the coordinator's machine. */
import { bytesToHex } from '../../base/bytes.ts';
import { isModelHash, isParticipantId, isSid, type ParticipantId } from '../../base/ids.ts';
import { begin, step } from './step.ts';
import type { CoordinatorEffect, CoordinatorEvent, CoordinatorState, RoundPlan } from './types.ts';

export const hex = (fill: number) => bytesToHex(new Uint8Array(32).fill(fill));
function checked<Id extends string>(text: string, is: (text: string) => text is Id): Id {
  if (!is(text)) throw new Error(text);
  return text;
}
const tab = (index: number): ParticipantId => checked(hex(index), isParticipantId);
export const [A, B, C, D] = [tab(1), tab(2), tab(3), tab(4)];
export const OUTSIDER = tab(9);
export const MODEL = checked(hex(200), isModelHash);
export const key = (participant: ParticipantId) => `key of ${participant}`;

export const plan: RoundPlan = {
  sid: checked(hex(100), isSid),
  round: 1,
  attempt: 1,
  modelHash: MODEL,
  invited: [D, C, B, A],
  minCohort: 3,
  vectorWords: 7,
  durationsMs: { offered: 1_000, training: 2_000, rostered: 3_000, masking: 4_000 },
};

export const accept = (from: ParticipantId): CoordinatorEvent => ({ kind: 'accept', from });
export const decline = (from: ParticipantId): CoordinatorEvent => ({
  kind: 'decline',
  from,
  reason: 'policy',
});
export const gone = (from: ParticipantId): CoordinatorEvent => ({ kind: 'gone', from });
export const chunk = (from: ParticipantId): CoordinatorEvent => ({ kind: 'chunk', from });
export const uploaded = (from: ParticipantId): CoordinatorEvent => ({ kind: 'uploaded', from });
export const progress = (from: ParticipantId): CoordinatorEvent => ({ kind: 'progress', from, percent: 50 });
export const advertise = (from: ParticipantId, maskKey = key(from)): CoordinatorEvent => ({
  kind: 'advertise',
  from,
  maskKey,
});
export const deadline = (phase: 'offered' | 'training' | 'masking'): CoordinatorEvent => ({
  kind: 'deadline',
  phase,
});
export const stop: CoordinatorEvent = { kind: 'stop' };

/** State after the events, and the effects of the last. */
export function after(...events: CoordinatorEvent[]): {
  state: CoordinatorState;
  effects: readonly CoordinatorEffect[];
} {
  return events.reduce((now, event) => step(now.state, event), begin(plan));
}
export const kinds = (effects: readonly CoordinatorEffect[]) => effects.map((effect) => effect.kind);
export const ALL_ACCEPT = [A, B, C, D].map(accept);
export const ALL_TRAINED = [...ALL_ACCEPT, ...[C, A, D, B].map((from) => advertise(from))];
export const ALL_UPLOADED = [...ALL_TRAINED, ...[B, A, D, C].map(uploaded)];
export const roster = [A, B, C, D].map((participant) => ({ participant, maskKey: key(participant) }));
