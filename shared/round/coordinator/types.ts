/** States, events and effects of the coordinator's round machine. Ids and keys are hex; no array of length d is ever here. */
import type { ModelHash, ParticipantId, Sid } from '../../base/ids.ts';
import type { AbortCode, Fault } from '../../protocol/faults.ts';
import type { RosterEntry } from '../../protocol/transcript.ts';

/** Fixed when the round is offered. */
export interface RoundPlan {
  readonly sid: Sid;
  readonly round: number;
  readonly attempt: number;
  readonly modelHash: ModelHash;
  readonly invited: readonly ParticipantId[];
  readonly minCohort: number;
  readonly vectorWords: number;
  readonly durationsMs: {
    readonly offered: number;
    readonly training: number;
    readonly rostered: number;
    readonly masking: number;
  };
}

export type CoordinatorState =
  | {
      readonly kind: 'offered';
      readonly plan: RoundPlan;
      readonly declined: ReadonlySet<ParticipantId>;
      /** Accepted and then lost. */
      readonly dropped: ReadonlySet<ParticipantId>;
      /** Not heard from yet. */
      readonly pending: ReadonlySet<ParticipantId>;
      readonly accepted: ReadonlySet<ParticipantId>;
      /** Mask keys of those who accepted and have trained already, while others have not answered. */
      readonly advertised: ReadonlyMap<ParticipantId, string>;
    }
  | {
      readonly kind: 'training';
      readonly plan: RoundPlan;
      readonly declined: ReadonlySet<ParticipantId>;
      readonly dropped: ReadonlySet<ParticipantId>;
      /** Still training. */
      readonly pending: ReadonlySet<ParticipantId>;
      readonly advertised: ReadonlyMap<ParticipantId, string>;
    }
  | {
      readonly kind: 'masking';
      readonly plan: RoundPlan;
      readonly declined: ReadonlySet<ParticipantId>;
      readonly dropped: ReadonlySet<ParticipantId>;
      readonly roster: readonly RosterEntry[];
      readonly uploaded: ReadonlySet<ParticipantId>;
    }
  /** Every upload is in; the driver opens the sum and makes the model. Nobody's leaving matters any more. */
  | {
      readonly kind: 'opening';
      readonly plan: RoundPlan;
      readonly declined: ReadonlySet<ParticipantId>;
      readonly dropped: ReadonlySet<ParticipantId>;
      readonly roster: readonly RosterEntry[];
    }
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

export type TimedPhase = 'offered' | 'training' | 'masking';

export type CoordinatorEvent =
  | { readonly kind: 'accept'; readonly from: ParticipantId }
  | { readonly kind: 'decline'; readonly from: ParticipantId; readonly reason: string }
  | { readonly kind: 'progress'; readonly from: ParticipantId; readonly percent: number }
  | { readonly kind: 'advertise'; readonly from: ParticipantId; readonly maskKey: string }
  /** A chunk arrived; the driver asks before it spools it. */
  | { readonly kind: 'chunk'; readonly from: ParticipantId }
  /** The last chunk is in and the vector has been added to the ring sum. */
  | { readonly kind: 'uploaded'; readonly from: ParticipantId }
  /** Its socket closed; the driver closes it too where an upload breaks the offer's terms (length, order). */
  | { readonly kind: 'gone'; readonly from: ParticipantId }
  | { readonly kind: 'deadline'; readonly phase: TimedPhase }
  | { readonly kind: 'opened'; readonly sumHash: string; readonly modelHash: ModelHash }
  /** The sum is no sum of uploads that keep the offer's terms (numeric/quantize); no model was made of it. */
  | { readonly kind: 'unopenable'; readonly detail: string }
  | { readonly kind: 'stop' };

export type CoordinatorEffect =
  | {
      readonly kind: 'send-roster';
      readonly to: readonly ParticipantId[];
      readonly entries: readonly RosterEntry[];
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
  | { readonly kind: 'send-fault'; readonly to: ParticipantId; readonly fault: Fault }
  | { readonly kind: 'start-timer'; readonly phase: TimedPhase; readonly ms: number }
  | { readonly kind: 'cancel-timer'; readonly phase: TimedPhase }
  /** Spool this participant's chunk; the driver answers `uploaded` after the last one. */
  | { readonly kind: 'take-chunk'; readonly from: ParticipantId }
  /** Read the sum (the masks have cancelled), average, make the model; the driver answers `opened` or `unopenable`. */
  | { readonly kind: 'open-sum' }
  /** Forget spools and the ring sum, unopened. */
  | { readonly kind: 'discard-uploads' }
  | { readonly kind: 'persist-done'; readonly sumHash: string; readonly modelHash: ModelHash }
  | { readonly kind: 'persist-aborted'; readonly code: AbortCode; readonly detail: string }
  /** Something a page may show has changed. */
  | { readonly kind: 'publish' };

export interface CoordinatorStep {
  readonly state: CoordinatorState;
  /** In order; a persist effect is finished before a later one begins. */
  readonly effects: readonly CoordinatorEffect[];
}
