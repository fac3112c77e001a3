/** A cohort of four and the events of its round, for the tests of the coordinator's machine. */
import { bytesToHex } from '../../base/bytes.ts';
import { isModelHash, isParticipantId, isSid, type ParticipantId } from '../../base/ids.ts';
import { begin, step } from './step.ts';
import type {
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
  CoordinatorStep,
  RoundPlan,
  StateOf,
  TimedPhase,
} from './types.ts';

export const hex = (fill: number): string => bytesToHex(new Uint8Array(32).fill(fill));
function checked<Id extends string>(text: string, is: (text: string) => text is Id): Id {
  if (!is(text)) throw new Error(text);
  return text;
}
/** Roster indices are the order of these: `tabs(n)[i]` has the index i. */
export const tabs = (count: number): readonly ParticipantId[] =>
  Array.from({ length: count }, (_, index) => {
    const bytes = new Uint8Array(32).fill(1);
    new DataView(bytes.buffer).setUint16(0, index + 1);
    return checked(bytesToHex(bytes), isParticipantId);
  });
export const [A, B, C, D] = tabs(4) as [ParticipantId, ParticipantId, ParticipantId, ParticipantId];
export const OUTSIDER = checked('f'.repeat(64), isParticipantId);
export const MODEL = checked(hex(200), isModelHash);

export const plan: RoundPlan = {
  sid: checked(hex(100), isSid),
  round: 1,
  attempt: 1,
  modelHash: MODEL,
  invited: [D, C, B, A],
  minCohort: 3,
  minSurvivors: 3,
  accomplices: 1,
  dropoutPerMille: 250,
  vectorWords: 7,
  durationsMs: {
    offered: 1_000,
    training: 2_000,
    sharing: 3_000,
    masking: 4_000,
    confirming: 5_000,
    unmasking: 6_000,
  },
};

export const accept = (from: ParticipantId): CoordinatorEvent => ({ kind: 'accept', from });
export const decline = (from: ParticipantId): CoordinatorEvent => ({
  kind: 'decline',
  from,
  reason: 'policy',
});
export const progress = (from: ParticipantId): CoordinatorEvent => ({ kind: 'progress', from, percent: 50 });
export const digestOf = (from: ParticipantId): string => from.split('').reverse().join('');
export const advertise = (
  from: ParticipantId,
  digest = digestOf(from),
  maskKey = `key of ${from}`,
): CoordinatorEvent => ({ kind: 'advertise', from, digest, maskKey });
export const shares = (from: ParticipantId): CoordinatorEvent => ({ kind: 'shares', from });
export const shared = (from: ParticipantId, held: readonly number[] = [0, 1, 2, 3]): CoordinatorEvent => ({
  kind: 'shared',
  from,
  held,
});
export const ready = (from: ParticipantId): CoordinatorEvent => ({ kind: 'masked-ready', from });
export const chunk = (from: ParticipantId): CoordinatorEvent => ({ kind: 'chunk', from });
export const uploaded = (from: ParticipantId): CoordinatorEvent => ({ kind: 'uploaded', from });
export const confirm = (from: ParticipantId): CoordinatorEvent => ({ kind: 'confirm', from });
export const reveal = (from: ParticipantId, of: readonly number[] = [0, 1, 2, 3]): CoordinatorEvent => ({
  kind: 'reveal',
  from,
  of,
});
export const gone = (from: ParticipantId): CoordinatorEvent => ({ kind: 'gone', from });
export const returned = (from: ParticipantId): CoordinatorEvent => ({ kind: 'returned', from });
export const deadline = (phase: TimedPhase): CoordinatorEvent => ({ kind: 'deadline', phase });
export const stop: CoordinatorEvent = { kind: 'stop' };
export const rebuilt: CoordinatorEvent = { kind: 'rebuilt' };
export const opened: CoordinatorEvent = { kind: 'opened', sumHash: hex(7), modelHash: MODEL };

export function play(start: CoordinatorStep, events: readonly CoordinatorEvent[]): CoordinatorStep {
  return events.reduce((now, event) => step(now.state, event), start);
}
/** State after the events of the cohort of four, and the effects of the last. */
export const after = (...events: CoordinatorEvent[]): CoordinatorStep => play(begin(plan), events);

export const kinds = (effects: readonly CoordinatorEffect[]): readonly string[] =>
  effects.map((effect) => effect.kind);
export function effectOf<Kind extends CoordinatorEffect['kind']>(
  { effects }: CoordinatorStep,
  kind: Kind,
): Extract<CoordinatorEffect, { kind: Kind }> | undefined {
  return effects.find((effect): effect is Extract<CoordinatorEffect, { kind: Kind }> => effect.kind === kind);
}
/** The state, where it is of this kind; a test that expects another has failed. */
export function inPhase<Kind extends CoordinatorState['kind']>(
  { state }: CoordinatorStep,
  kind: Kind,
): StateOf<Kind> {
  if (state.kind !== kind) throw new Error(`in the state ${state.kind}, not ${kind}`);
  return state as StateOf<Kind>;
}

const four = [A, B, C, D];
export const ALL_ACCEPT = four.map(accept);
export const ALL_TRAINED = [...ALL_ACCEPT, ...[C, A, D, B].map((from) => advertise(from))];
export const ALL_SHARED = [...ALL_TRAINED, ...four.map((from) => shared(from))];
export const ALL_UPLOADED = [...ALL_SHARED, ...[B, A, D, C].map(uploaded)];
export const ALL_CONFIRMED = [...ALL_UPLOADED, ...[D, B, C, A].map(confirm)];
/** C = 1, t = 3: the third reveal is enough. */
export const ENOUGH_REVEALED = [...ALL_CONFIRMED, ...[A, B, C].map((from) => reveal(from))];
export const ALL_OPENING = [...ENOUGH_REVEALED, rebuilt];
