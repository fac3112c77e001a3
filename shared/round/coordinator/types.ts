/**
 * States, events and effects of the coordinator's round machine. Participants are ids until there is a roster, and
 * roster indices from then on; signatures, shares and vectors are held by the driver and only named here.
 */
import type { ModelHash, ParticipantId, Sid } from '../../base/ids.ts';
import type { AbortCode, Fault } from '../../protocol/faults.ts';
import type { RosterEntry } from '../../protocol/transcript.ts';
import type { GraphParameters } from '../parameters.ts';

/** Fixed when the round is offered. */
export interface RoundPlan {
  readonly sid: Sid;
  readonly round: number;
  readonly attempt: number;
  readonly modelHash: ModelHash;
  readonly invited: readonly ParticipantId[];
  readonly minCohort: number;
  readonly minSurvivors: number;
  readonly accomplices: number;
  readonly dropoutPerMille: number;
  readonly vectorWords: number;
  readonly durationsMs: Readonly<Record<TimedPhase, number>>;
}

export type TimedPhase = 'offered' | 'training' | 'sharing' | 'masking' | 'confirming' | 'unmasking';

/** What a participant advertised: its digest, hex, and the mask key that no other may have. */
export interface Advertised {
  readonly digest: string;
  readonly maskKey: string;
}

interface Attempt {
  readonly plan: RoundPlan;
  readonly declined: ReadonlySet<ParticipantId>;
  /** Accepted and then lost before the roster. */
  readonly dropped: ReadonlySet<ParticipantId>;
}

/** The roster, frozen, and who shares with whom. */
export interface Cohort {
  readonly roster: readonly RosterEntry[];
  readonly parameters: GraphParameters;
  /** Of each roster index, ascending, without itself. */
  readonly neighbours: readonly (readonly number[])[];
  /** Of each roster index: its neighbours, and in the complete graph itself. */
  readonly holders: readonly (readonly number[])[];
}

interface Rostered extends Attempt {
  readonly cohort: Cohort;
  /** Roster indices that are not connected; they may come back while their phase lasts. */
  readonly absent: ReadonlySet<number>;
}

/** Whose shares each roster index holds. */
export type Held = ReadonlyMap<number, ReadonlySet<number>>;

export type CoordinatorState =
  | (Attempt & {
      readonly kind: 'offered';
      /** Not heard from yet. */
      readonly pending: ReadonlySet<ParticipantId>;
      readonly accepted: ReadonlySet<ParticipantId>;
      /** Those who accepted and have trained already, while others have not answered. */
      readonly advertised: ReadonlyMap<ParticipantId, Advertised>;
    })
  | (Attempt & {
      readonly kind: 'training';
      /** Still training. */
      readonly pending: ReadonlySet<ParticipantId>;
      readonly advertised: ReadonlyMap<ParticipantId, Advertised>;
    })
  | (Rostered & { readonly kind: 'sharing'; readonly held: Held })
  | (Rostered & {
      readonly kind: 'masking';
      readonly held: Held;
      readonly u2: ReadonlySet<number>;
      readonly uploaded: ReadonlySet<number>;
    })
  | (Rostered & {
      readonly kind: 'confirming';
      readonly held: Held;
      readonly u2: ReadonlySet<number>;
      readonly u3: ReadonlySet<number>;
      readonly confirmed: ReadonlySet<number>;
    })
  | (Rostered & {
      readonly kind: 'unmasking';
      readonly held: Held;
      readonly u2: ReadonlySet<number>;
      readonly u3: ReadonlySet<number>;
      readonly confirmed: ReadonlySet<number>;
      readonly revealed: ReadonlySet<number>;
      /** The driver rebuilds with the shares of this many; null while it does not. */
      readonly rebuilding: number | null;
      /** The last rebuild that failed, with the shares of how many; null before one has. */
      readonly failure: { readonly revealed: number; readonly detail: string } | null;
      readonly overdue: boolean;
    })
  /** The masks come off; the driver opens the sum and makes the model. Nobody's leaving matters any more. */
  | (Rostered & {
      readonly kind: 'opening';
      readonly u2: ReadonlySet<number>;
      readonly u3: ReadonlySet<number>;
    })
  | {
      readonly kind: 'done';
      readonly plan: RoundPlan;
      readonly survivors: readonly ParticipantId[];
      readonly declined: number;
      readonly dropped: number;
      readonly sumHash: string;
      readonly modelHash: ModelHash;
    }
  | {
      readonly kind: 'aborted';
      readonly plan: RoundPlan;
      readonly code: AbortCode;
      readonly detail: string;
      readonly declined: number;
      readonly dropped: number;
    };

export type StateOf<Kind extends CoordinatorState['kind']> = Extract<CoordinatorState, { kind: Kind }>;
export type ActiveState = Exclude<CoordinatorState, { kind: 'done' | 'aborted' }>;
export type RosteredState = Extract<ActiveState, { cohort: Cohort }>;

/** Signatures in events have been verified by the driver. */
export type CoordinatorEvent =
  | { readonly kind: 'accept'; readonly from: ParticipantId }
  | { readonly kind: 'decline'; readonly from: ParticipantId; readonly reason: string }
  | { readonly kind: 'progress'; readonly from: ParticipantId; readonly percent: number }
  | ({ readonly kind: 'advertise'; readonly from: ParticipantId } & Advertised)
  /** Sealed shares to relay arrived; the driver asks before it relays them. */
  | { readonly kind: 'shares'; readonly from: ParticipantId }
  | { readonly kind: 'shared'; readonly from: ParticipantId; readonly held: readonly number[] }
  | { readonly kind: 'masked-ready'; readonly from: ParticipantId }
  /** A chunk arrived; the driver asks before it spools it. */
  | { readonly kind: 'chunk'; readonly from: ParticipantId }
  /** The last chunk is in and the vector has been added to the ring sum. */
  | { readonly kind: 'uploaded'; readonly from: ParticipantId }
  | { readonly kind: 'confirm'; readonly from: ParticipantId }
  /** Shares arrived, of these roster indices; the driver holds them from the effect `take-shares` on. */
  | { readonly kind: 'reveal'; readonly from: ParticipantId; readonly of: readonly number[] }
  | { readonly kind: 'rebuilt' }
  /** Some secret does not match what was advertised, and the shares do not tell which is wrong. */
  | { readonly kind: 'rebuild-failed'; readonly detail: string }
  /** It left, or did not come back in time, or came back without its secrets. */
  | { readonly kind: 'gone'; readonly from: ParticipantId }
  /** It is connected again and holds its secrets still. */
  | { readonly kind: 'returned'; readonly from: ParticipantId }
  | { readonly kind: 'deadline'; readonly phase: TimedPhase }
  | { readonly kind: 'opened'; readonly sumHash: string; readonly modelHash: ModelHash }
  /** The sum is no sum of uploads that keep the offer's terms (numeric/quantize); no model was made of it. */
  | { readonly kind: 'unopenable'; readonly detail: string }
  | { readonly kind: 'stop' };

/** `to` are participant ids throughout. */
export type CoordinatorEffect =
  | { readonly kind: 'send-roster'; readonly to: readonly ParticipantId[]; readonly cohort: Cohort }
  /** Everything relayed to it so far. */
  | { readonly kind: 'send-relayed'; readonly to: ParticipantId }
  | { readonly kind: 'relay-shares'; readonly from: ParticipantId }
  | {
      readonly kind: 'send-peers-gone';
      readonly to: readonly ParticipantId[];
      readonly gone: readonly number[];
    }
  | {
      readonly kind: 'send-mask-request';
      readonly to: readonly ParticipantId[];
      readonly u2: readonly number[];
    }
  | {
      readonly kind: 'send-unmask-request';
      readonly to: readonly ParticipantId[];
      readonly u2: readonly number[];
      readonly u3: readonly number[];
    }
  /** To each, the signatures of its own holders among `confirmed`. */
  | {
      readonly kind: 'send-confirmations';
      readonly to: readonly ParticipantId[];
      readonly confirmed: readonly number[];
    }
  | {
      readonly kind: 'send-result';
      readonly to: readonly ParticipantId[];
      readonly sumHash: string;
      readonly modelHash: ModelHash;
      readonly survivors: number;
    }
  | {
      readonly kind: 'send-abort';
      readonly to: readonly ParticipantId[];
      readonly code: AbortCode;
      readonly detail: string;
    }
  | { readonly kind: 'send-dismissed'; readonly to: readonly ParticipantId[]; readonly detail: string }
  | { readonly kind: 'send-fault'; readonly to: ParticipantId; readonly fault: Fault }
  | { readonly kind: 'start-timer'; readonly phase: TimedPhase; readonly ms: number }
  | { readonly kind: 'cancel-timer'; readonly phase: TimedPhase }
  /** It may upload when its turn comes. */
  | { readonly kind: 'queue-upload'; readonly from: ParticipantId }
  /** Spool this participant's chunk; the driver answers `uploaded` after the last one. */
  | { readonly kind: 'take-chunk'; readonly from: ParticipantId }
  /** U3 is final: what is not complete is forgotten unread. */
  | { readonly kind: 'freeze-uploads' }
  /** Keep the shares it revealed. */
  | { readonly kind: 'take-shares'; readonly from: ParticipantId }
  /** Rebuild the secrets that take the masks off; answers `rebuilt` or `rebuild-failed`. */
  | { readonly kind: 'rebuild'; readonly survivors: readonly number[]; readonly dropped: readonly number[] }
  /** Take the masks off, average, make the model; the driver answers `opened` or `unopenable`. */
  | { readonly kind: 'open-sum' }
  /** Forget spools, shares, rebuilt secrets and the ring sum, unopened. */
  | { readonly kind: 'discard-uploads' }
  /** From here on the masked sum may be opened: on disk before the first unmask-request goes out. */
  | { readonly kind: 'persist-unmasking'; readonly survivors: number }
  | { readonly kind: 'persist-done'; readonly sumHash: string; readonly modelHash: ModelHash }
  | { readonly kind: 'persist-aborted'; readonly code: AbortCode; readonly detail: string }
  /** Something a page may show has changed. */
  | { readonly kind: 'publish' };

export interface CoordinatorStep {
  readonly state: CoordinatorState;
  /** In order; a persist effect is finished before a later one begins. */
  readonly effects: readonly CoordinatorEffect[];
}
