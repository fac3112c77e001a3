/** States, events and effects of a participant's round machine. `handle`s name arrays that the driver holds. */
import type { ModelHash, ParticipantId, Sid } from '../../base/ids.ts';
import type { AbortCode, Fault } from '../../protocol/faults.ts';
import type { Offer } from '../../protocol/messages/directions.ts';
import type { RosterEntry } from '../../protocol/transcript.ts';

/** Fixed when the offer is read. */
export interface ClientPlan {
  readonly sid: Sid;
  readonly offer: Offer;
  readonly self: ParticipantId;
}

export type ClientState =
  /** The offer has passed the policy; the model is fetched and trained on. */
  | { readonly kind: 'training'; readonly plan: ClientPlan }
  | { readonly kind: 'keying'; readonly plan: ClientPlan }
  | { readonly kind: 'advertised'; readonly plan: ClientPlan; readonly maskKey: string }
  | { readonly kind: 'masking'; readonly plan: ClientPlan; readonly roster: readonly RosterEntry[] }
  | { readonly kind: 'uploading'; readonly plan: ClientPlan; readonly roster: readonly RosterEntry[] }
  /** All is sent; the update is erased, the outcome is awaited. */
  | { readonly kind: 'submitted'; readonly plan: ClientPlan; readonly roster: readonly RosterEntry[] }
  | {
      readonly kind: 'done';
      readonly plan: ClientPlan;
      readonly modelHash: ModelHash;
      readonly survivors: number;
    }
  | { readonly kind: 'aborted'; readonly plan: ClientPlan; readonly code: AbortCode; readonly detail: string }
  /** It declined, left, lost its socket, or met a roster it must not mask for. */
  | { readonly kind: 'left'; readonly plan: ClientPlan; readonly why: LeaveReason };

export type StateOf<Kind extends ClientState['kind']> = Extract<ClientState, { kind: Kind }>;

export type LeaveReason =
  | 'policy'
  | 'model-unavailable'
  | 'training-failed'
  | 'person-left'
  | 'socket-lost'
  | 'roster-late'
  | 'outcome-late'
  | 'roster-invalid';

export type ClientEvent =
  | { readonly kind: 'model-unavailable' }
  | { readonly kind: 'progress'; readonly percent: number }
  /** The quantized update is ready and held by the driver. */
  | { readonly kind: 'trained' }
  | { readonly kind: 'training-failed' }
  /** A fresh X25519 key pair is held by the driver. */
  | { readonly kind: 'keyed'; readonly maskKey: string }
  | { readonly kind: 'roster'; readonly entries: readonly RosterEntry[] }
  | { readonly kind: 'masked' }
  /** No secret can be agreed with an entry of the roster. */
  | { readonly kind: 'mask-failed' }
  | { readonly kind: 'uploaded' }
  | { readonly kind: 'result'; readonly modelHash: ModelHash; readonly survivors: number }
  | { readonly kind: 'abort'; readonly code: AbortCode; readonly detail: string }
  | { readonly kind: 'deadline' }
  | { readonly kind: 'socket-lost' }
  | { readonly kind: 'leave' };

export type ClientEffect =
  | { readonly kind: 'send-accept' }
  | { readonly kind: 'send-decline'; readonly reason: 'policy' | 'model-unavailable' | 'training-failed' }
  | { readonly kind: 'send-progress'; readonly percent: number }
  | { readonly kind: 'send-advertise'; readonly maskKey: string }
  | { readonly kind: 'start-timer'; readonly ms: number }
  | { readonly kind: 'cancel-timer' }
  /** Fetch the model, train, quantize; answers `progress`, `trained`, `training-failed`, `model-unavailable`. */
  | { readonly kind: 'train' }
  | { readonly kind: 'make-key' }
  /** Agree with every other entry and add the masks to the update in place; answers `masked` or `mask-failed`. */
  | { readonly kind: 'mask'; readonly entries: readonly RosterEntry[] }
  /** Send the masked vector in chunks with back-pressure; answers `uploaded`. */
  | { readonly kind: 'upload' }
  /** Zero and forget the update, the keys and the masks; stop training. */
  | { readonly kind: 'erase-secrets' }
  | { readonly kind: 'report-fault'; readonly fault: Fault };

export interface ClientStep {
  readonly state: ClientState;
  readonly effects: readonly ClientEffect[];
}

/** What a participant insists on, whatever an offer says. */
export interface ClientPolicy {
  readonly minCohort: number;
  readonly maxVectorWords: number;
  readonly maxEpochs: number;
}
