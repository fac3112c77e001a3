/**
 * States, events and effects of a participant's round machine. Participants are roster indices once there is a
 * roster; keys, shares and vectors are held by the driver and only named here.
 */
import type { ModelHash, ParticipantId, RunId, Sid } from '../../base/ids.ts';
import type { Caps } from '../../privacy/ledger.ts';
import type { OwnEntry } from '../../privacy/participant-ledger.ts';
import type { AbortCode, Fault } from '../../protocol/faults.ts';
import type { Offer } from '../../protocol/messages/directions.ts';
import type { RosterEntry } from '../../protocol/transcript.ts';

/** Fixed when the offer is read. */
export interface ClientPlan {
  readonly sid: Sid;
  readonly offer: Offer;
  readonly self: ParticipantId;
}

/** A participant's place in a roster that it has checked. */
export interface Seat {
  /** SHA-256 of the roster, hex: its identity. */
  readonly root: string;
  /** n. */
  readonly size: number;
  /** Own roster index. */
  readonly self: number;
  /** Ascending, without itself: it shares and masks with these. */
  readonly neighbours: readonly number[];
  /** Who holds shares of its secrets: its neighbours, and in the complete graph itself. */
  readonly holders: readonly number[];
  /** Shares that rebuild a secret. */
  readonly threshold: number;
}

/** A set of roster members as the coordinator signed it; `bits` (hex) is its identity. */
export interface SignedSet {
  readonly bits: string;
  readonly members: readonly number[];
}

interface Seated {
  readonly plan: ClientPlan;
  readonly seat: Seat;
  /** Whose shares it holds; itself in the complete graph. */
  readonly held: ReadonlySet<number>;
}

export type ClientState =
  /** The offer has passed the policy; the model is fetched and trained on. */
  | { readonly kind: 'training'; readonly plan: ClientPlan }
  | { readonly kind: 'keying'; readonly plan: ClientPlan }
  | { readonly kind: 'advertised'; readonly plan: ClientPlan; readonly digest: string }
  /** The roster's signatures and invitations are looked at. */
  | { readonly kind: 'checking'; readonly plan: ClientPlan; readonly root: string }
  /** Shares go out and come in. */
  | (Seated & { readonly kind: 'sharing'; readonly gone: ReadonlySet<number> })
  /** It has said whose shares it holds. */
  | (Seated & { readonly kind: 'shared' })
  | (Seated & { readonly kind: 'masking'; readonly u2: SignedSet })
  | (Seated & { readonly kind: 'uploading'; readonly u2: SignedSet })
  | (Seated & { readonly kind: 'submitted'; readonly u2: SignedSet })
  /** It has confirmed U3 and nothing else, ever, for this sid. */
  | (Seated & { readonly kind: 'confirming'; readonly u2: SignedSet; readonly u3: SignedSet })
  /** Its shares are out; only the outcome is awaited. */
  | (Seated & { readonly kind: 'revealed'; readonly u2: SignedSet; readonly u3: SignedSet })
  | {
      readonly kind: 'done';
      readonly plan: ClientPlan;
      readonly modelHash: ModelHash;
      readonly survivors: number;
    }
  | {
      readonly kind: 'aborted';
      readonly plan: ClientPlan;
      readonly code: AbortCode;
      readonly detail: string;
      readonly revealed: boolean;
    }
  /** It declined, left, was left out, or met what it must not take part in. */
  | {
      readonly kind: 'left';
      readonly plan: ClientPlan;
      readonly why: LeaveReason;
      readonly detail: string;
      readonly revealed: boolean;
    };

export type StateOf<Kind extends ClientState['kind']> = Extract<ClientState, { kind: Kind }>;
export type ActiveState = Exclude<ClientState, { kind: 'done' | 'aborted' | 'left' }>;

export type LeaveReason =
  | 'policy'
  | 'model-unavailable'
  | 'training-failed'
  | 'person-left'
  | 'coordinator-silent'
  | 'dismissed'
  | 'roster-invalid'
  | 'mask-refused'
  | 'unmask-refused'
  | 'too-few-confirmed'
  | 'equivocation';

export type ClientEvent =
  | { readonly kind: 'model-unavailable' }
  | { readonly kind: 'progress'; readonly percent: number }
  /** The quantized update is ready and held by the driver. */
  | { readonly kind: 'trained' }
  | { readonly kind: 'training-failed' }
  /** Fresh keys are held and their advertise is signed; `digest` is its SHA-256, hex. */
  | { readonly kind: 'keyed'; readonly digest: string }
  /** Signed by the coordinator, as all its events about a round from here on; `root` is its SHA-256, hex. */
  | { readonly kind: 'roster'; readonly root: string; readonly entries: readonly RosterEntry[] }
  /** Every neighbour's advertise is its own and invited. */
  | { readonly kind: 'roster-checked'; readonly seat: Seat }
  | { readonly kind: 'roster-refused'; readonly detail: string }
  /** A neighbour's share came and opened. */
  | { readonly kind: 'share-held'; readonly from: number }
  | { readonly kind: 'peers-gone'; readonly gone: readonly number[] }
  | { readonly kind: 'mask-request'; readonly u2: SignedSet }
  | { readonly kind: 'masked' }
  | { readonly kind: 'mask-failed'; readonly detail: string }
  | { readonly kind: 'upload-grant'; readonly nextChunk: number }
  | { readonly kind: 'uploaded' }
  | { readonly kind: 'unmask-request'; readonly u3: SignedSet }
  /** Whose signatures over the same U3 have been verified. */
  | { readonly kind: 'confirmations'; readonly valid: readonly number[] }
  | { readonly kind: 'result'; readonly modelHash: ModelHash; readonly survivors: number }
  | { readonly kind: 'abort'; readonly code: AbortCode; readonly detail: string }
  | { readonly kind: 'dismissed'; readonly detail: string }
  | { readonly kind: 'deadline' }
  /** The coordinator signed a second value of this for one sid; the driver holds both. */
  | { readonly kind: 'equivocated'; readonly of: 'roster' | 'u2' | 'u3' }
  /** The connection is back: what was sent last may not have arrived. */
  | { readonly kind: 'reconnected' }
  | { readonly kind: 'leave' };

/** What a driver keeps the bytes of, to send them again. */
export type Resendable = 'accept' | 'advertise' | 'shares' | 'shared' | 'masked-ready' | 'confirm' | 'reveal';

export type ClientEffect =
  | { readonly kind: 'send-accept' }
  | {
      readonly kind: 'send-decline';
      readonly reason: 'policy' | 'model-unavailable' | 'training-failed' | 'refused';
    }
  | { readonly kind: 'send-progress'; readonly percent: number }
  | { readonly kind: 'send-advertise' }
  | { readonly kind: 'resend'; readonly what: readonly Resendable[] }
  | { readonly kind: 'start-timer'; readonly ms: number }
  | { readonly kind: 'cancel-timer' }
  /** Fetch the model, train, quantize; answers `progress`, `trained`, `training-failed`, `model-unavailable`. */
  | { readonly kind: 'train' }
  | { readonly kind: 'make-keys' }
  /** Verify the neighbours' advertises and invitations; answers `roster-checked` or `roster-refused`. */
  | { readonly kind: 'check-roster'; readonly root: string; readonly entries: readonly RosterEntry[] }
  /** Deal and seal shares, open links, send; answers `share-held` for each that comes. */
  | { readonly kind: 'exchange-shares'; readonly seat: Seat }
  | { readonly kind: 'send-shared'; readonly held: readonly number[] }
  /** Add the self mask and the masks of all neighbours in U2; answers `masked` or `mask-failed`. */
  | { readonly kind: 'mask'; readonly peers: readonly number[] }
  | { readonly kind: 'send-masked-ready' }
  /** Send the masked vector from this chunk on, with back-pressure; answers `uploaded`. */
  | { readonly kind: 'upload'; readonly nextChunk: number }
  /** Sign (sid, root, U2, U3), once a sid, and send it. */
  | { readonly kind: 'confirm'; readonly u2: SignedSet; readonly u3: SignedSet }
  /** Send b-shares of `survivors` and key-shares of `dropped`, once a sid. */
  | { readonly kind: 'reveal'; readonly survivors: readonly number[]; readonly dropped: readonly number[] }
  /** Zero the update, the mask key and the seed of the self mask: the vector is masked. */
  | { readonly kind: 'erase-masking' }
  /** Zero and forget everything of this attempt; stop training. */
  | { readonly kind: 'erase-secrets' }
  /** The coordinator signed two different values of this for one sid; the driver holds both. */
  | { readonly kind: 'keep-evidence'; readonly of: 'roster' | 'u2' | 'u3' }
  | { readonly kind: 'report-fault'; readonly fault: Fault };

export interface ClientStep {
  readonly state: ClientState;
  readonly effects: readonly ClientEffect[];
}

/** What a participant insists on, whatever an offer says. */
export interface ClientPolicy {
  readonly minCohort: number;
  readonly minSurvivors: number;
  /** Least n − C. */
  readonly minHonest: number;
  readonly maxVectorWords: number;
  readonly maxEpochs: number;
  /** Without noise: attempts at one model that may end unopened after this participant revealed its shares. */
  readonly maxRepeats: number;
  /** How many have, by the model's hash in hex. */
  readonly revealed: ReadonlyMap<string, number>;
  /** Over all tabs of this profile and all runs on this origin; ε = ∞ where the person sets no limit. */
  readonly ownLimit: Omit<Caps, 'participations'>;
  /** The last round of the run that its person agreed to. */
  readonly rounds: number;
  /** What its person agreed to that one client may spend in this run; null where this is the first offer. */
  readonly promised: Caps | null;
  /** What the ledger holds, and what an entry for this offer would be of; null where it could not be read. */
  readonly ledger: {
    readonly entries: readonly OwnEntry[];
    readonly run: RunId;
    readonly self: ParticipantId;
    readonly sid: Sid;
  } | null;
}
