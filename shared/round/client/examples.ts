/** A participant's round in a cohort of four, for the tests of its machine. */
import { bytesToHex } from '../../base/bytes.ts';
import { isModelHash, isParticipantId, isRunId, isSid, type ParticipantId } from '../../base/ids.ts';
import { AUXILIARY_LANES } from '../../protocol/limits.ts';
import type { Offer } from '../../protocol/messages/directions.ts';
import { parameterCount } from '../../tasks/layout.ts';
import { mnistTask } from '../../tasks/mnist.ts';
import type { Task } from '../../tasks/task.ts';
import { begin, step } from './step.ts';
import type {
  ClientEffect,
  ClientEvent,
  ClientPolicy,
  ClientState,
  ClientStep,
  Seat,
  SignedSet,
  StateOf,
} from './types.ts';

const hex = (fill: number) => bytesToHex(new Uint8Array(32).fill(fill));
function checked<Id extends string>(text: string, is: (text: string) => text is Id): Id {
  if (!is(text)) throw new Error(text);
  return text;
}
const tab = (index: number): ParticipantId => checked(hex(index + 1), isParticipantId);
/** The roster index of the participant that these tests look at. */
const SELF = 1;
export const MODEL = checked(hex(200), isModelHash);
export const OWN_DIGEST = hex(0x51 + SELF);

/** Dense, [2, 2]: six parameters. */
export const task: Task = {
  ...mnistTask,
  id: 'tiny',
  model: {
    ...mnistTask.model,
    inputShape: [2],
    layers: [{ kind: 'dense', units: 2, activation: 'linear' }],
  },
  quantization: { range: 1, bits: 16 },
  weightMax: 100,
};
export const offer: Offer = {
  run: 'abcdefghijklmnop',
  round: 1,
  attempt: 1,
  nonce: new Uint8Array(32),
  modelHash: new Uint8Array(32),
  taskId: task.id,
  training: { ...task.training, epochs: 1 },
  quantization: task.quantization,
  weightMax: task.weightMax,
  invited: 4,
  minCohort: 3,
  minSurvivors: 3,
  accomplices: 1,
  dropoutPerMille: 250,
  vectorWords: parameterCount(task.model) + AUXILIARY_LANES,
  privacy: null,
  seed: 1,
  durationsMs: {
    offered: 1_000,
    training: 2_000,
    sharing: 300,
    masking: 4_000,
    confirming: 5_000,
    unmasking: 6_000,
  },
};
const sid = checked(hex(100), isSid);
export const policy: ClientPolicy = {
  minCohort: 3,
  minSurvivors: 3,
  minHonest: 2,
  maxVectorWords: 1_000,
  maxEpochs: 5,
  maxRepeats: 3,
  revealed: new Map(),
  ownLimit: { epsilon: Infinity, delta: 1e-5 },
  promised: null,
  rounds: Infinity,
  ledger: { entries: [], run: checked('abcdefghijklmnop', isRunId), self: tab(SELF), sid },
};
export const offered = (change: Partial<Offer> = {}, insists: Partial<ClientPolicy> = {}): ClientStep =>
  begin(tab(SELF), sid, { ...offer, ...change }, task, { ...policy, ...insists });

export const entry = (index: number) => ({ participant: tab(index), digest: hex(0x51 + index) });
export const entries = [0, 1, 2, 3].map(entry);
/** Its seat in the complete graph of `size` with C = 1. */
export const seatOf = (size: number, change: Partial<Seat> = {}): Seat => {
  const holders = Array.from({ length: size }, (_, index) => index);
  const neighbours = holders.filter((index) => index !== SELF);
  const threshold = Math.floor((size + 1) / 2) + 1;
  return { root: hex(150), size, self: SELF, neighbours, holders, threshold, ...change };
};
export const seat = seatOf(4);
export const set = (...members: number[]): SignedSet => ({ bits: members.join(), members });

export const trained: ClientEvent = { kind: 'trained' };
export const keyed: ClientEvent = { kind: 'keyed', digest: OWN_DIGEST };
export const roster: ClientEvent = { kind: 'roster', root: seat.root, entries };
export const otherRoster: ClientEvent = { kind: 'roster', root: hex(151), entries };
export const rosterChecked: ClientEvent = { kind: 'roster-checked', seat };
export const held = (from: number): ClientEvent => ({ kind: 'share-held', from });
export const peersGone = (...gone: number[]): ClientEvent => ({ kind: 'peers-gone', gone });
export const maskRequest = (...members: number[]): ClientEvent => ({
  kind: 'mask-request',
  u2: set(...members),
});
export const masked: ClientEvent = { kind: 'masked' };
export const grant = (nextChunk: number): ClientEvent => ({ kind: 'upload-grant', nextChunk });
export const uploaded: ClientEvent = { kind: 'uploaded' };
export const unmaskRequest = (...members: number[]): ClientEvent => ({
  kind: 'unmask-request',
  u3: set(...members),
});
export const confirmations = (...valid: number[]): ClientEvent => ({ kind: 'confirmations', valid });
export const result: ClientEvent = { kind: 'result', modelHash: MODEL, survivors: 3 };
export const abort: ClientEvent = { kind: 'abort', code: 'too-few-uploaded', detail: 'Two left.' };
export const dismissed: ClientEvent = { kind: 'dismissed', detail: 'Too late.' };
export const deadline: ClientEvent = { kind: 'deadline' };
export const reconnected: ClientEvent = { kind: 'reconnected' };
export const leave: ClientEvent = { kind: 'leave' };

export const play = (start: ClientStep, ...events: ClientEvent[]): ClientStep =>
  events.reduce((now, event) => step(now.state, event), start);
/** State after the events, and the effects of the last. */
export const after = (...events: ClientEvent[]): ClientStep => play(offered(), ...events);

/** The events of a round in which all four share and the last drops before its upload. */
const PATH: readonly (readonly [ClientState['kind'], readonly ClientEvent[]])[] = [
  ['training', []],
  ['keying', [trained]],
  ['advertised', [keyed]],
  ['checking', [roster]],
  ['sharing', [rosterChecked]],
  ['shared', [held(0), held(2), held(3)]],
  ['masking', [maskRequest(0, 1, 2, 3)]],
  ['uploading', [masked]],
  ['submitted', [grant(0), uploaded]],
  ['confirming', [unmaskRequest(0, 1, 2)]],
  ['revealed', [confirmations(0, 2)]],
];
export type Phase = (typeof PATH)[number][0];
/** All active states, in the order of a round. */
export const PHASES: readonly Phase[] = PATH.map(([phase]) => phase);
/** What leads to the active state. */
export function eventsTo(phase: Phase): readonly ClientEvent[] {
  return PATH.slice(0, PHASES.indexOf(phase) + 1).flatMap(([, events]) => events);
}
/** The active state, and the effects of what led to it. */
export const at = (phase: Phase, ...more: ClientEvent[]): ClientStep => after(...eventsTo(phase), ...more);

export const ERASE: readonly ClientEffect[] = [{ kind: 'cancel-timer' }, { kind: 'erase-secrets' }];
export const REFUSE: readonly ClientEffect[] = [...ERASE, { kind: 'send-decline', reason: 'refused' }];
export const kinds = (effects: readonly ClientEffect[]): readonly string[] =>
  effects.map((effect) => effect.kind);
/** The state, where it is of this kind; a test that expects another has failed. */
export function inState<Kind extends ClientState['kind']>({ state }: ClientStep, kind: Kind): StateOf<Kind> {
  if (state.kind !== kind) throw new Error(`in the state ${state.kind}, not ${kind}`);
  return state as StateOf<Kind>;
}
