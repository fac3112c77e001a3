/**
 * What admin and run pages read: JSON over HTTP and server-sent events. The coordinator writes these
 * shapes, the pages read them; neither imports the other. Hashes and ids are lower-case hex.
 *
 *   POST   /api/session {token}            → 204, sets the session cookie; 401
 *   GET    /api/session                    → {signedIn}
 *   DELETE /api/session                    → 204
 *   GET    /api/tasks                      → Task[]
 *   GET    /api/runs                       → RunSummary[]            (admin)
 *   POST   /api/runs RunSettingsInput      → 201 AdminRunView        (admin); 400 ApiError
 *   POST   /api/runs/:id/invitations       → 201 {joinPath}          (admin); 409 ApiError
 *   POST   /api/runs/:id/start | /stop     → 204                     (admin); 409 ApiError
 *   POST   /api/runs/:id/extend RunExtension → 204                   (admin); 400, 409 ApiError
 *   GET    /api/runs/:id                   → RunView                 (public); 404 ApiError
 *   GET    /api/runs/:id/events            → SSE of RunEvent         (public)
 *   GET    /api/admin/runs/:id/events      → SSE of AdminRunEvent    (admin)
 *   GET    /api/models                     → UploadedModelView[]     (admin)
 *   POST   /api/models CBOR of the files   → 201 UploadedModelView   (admin); 400, 413, 415 ApiError
 *   GET    /api/models/:hash               → parameter bytes, little-endian float32, immutable (public)
 *
 * Every SSE stream opens with a `snapshot`; later events are folded into it by `applyRunEvent`. Each SSE
 * message's data is one JSON event and it has no event name.
 */
import type { ModelHash, ParticipantId, RunId, Sid } from '../base/ids.ts';
import type { NoiseMode } from '../privacy/mechanism-parameters.ts';
import type { Evaluation, EvaluationDetail } from '../tasks/evaluation.ts';
import type { ModelSpecification } from '../tasks/model.ts';
import type { RunSettings } from '../tasks/run.ts';
import type { Task } from '../tasks/task.ts';
import type { AbortCode } from './faults.ts';

/** Content type of an upload's body (tasks/layers-model/upload). */
export const UPLOAD_TYPE = 'application/cbor';

/** A model that an admin brought; its weights are at /api/models/<modelHash>. */
export interface UploadedModelView {
  /** As the settings of a run name it: 64 hex characters, of name, specification and weights. */
  readonly id: string;
  readonly createdAt: string;
  readonly name: string;
  /** Whose data it was checked against. */
  readonly taskId: string;
  readonly model: ModelSpecification;
  readonly modelHash: ModelHash;
  readonly parameters: number;
}

export interface ApiError {
  /** What happened, why, and what to do next; shown as it is. */
  readonly error: string;
}

/** `waiting`: not started; `running`: started (it may wait for participants between rounds). */
export type RunState = 'waiting' | 'running' | 'done' | 'stopped' | 'failed';

export interface RunSummary {
  readonly id: RunId;
  readonly title: string;
  readonly state: RunState;
  readonly createdAt: string;
  readonly rounds: number;
  readonly completed: number;
  readonly accuracy: number | null;
}

/** Phases as a person follows them; `gathering` is between rounds. */
export type Phase =
  | 'gathering'
  | 'offered'
  | 'training'
  | 'sharing'
  | 'masking'
  | 'confirming'
  | 'unmasking'
  | 'opening'
  | 'evaluating';

/** What the ledger says of the participant that has spent most. ε is null where nothing limits it. */
export interface PrivacyView {
  readonly mode: NoiseMode;
  readonly delta: number;
  readonly roundsSpent: number;
  /** Those spent, and those that its caps still allow. */
  readonly roundsMax: number;
  readonly spentEpsilon: number | null;
  readonly epsilonAtEnd: number | null;
  /** At the end, if nobody else's noise were there. */
  readonly worstEpsilon: number | null;
  /** No participant's ε passes it. */
  readonly epsilonMax: number | null;
  /** h: shares of noise that are counted on. */
  readonly countedShares: number;
  /** The clip norm follows a noised count. */
  readonly adaptsClip?: boolean;
}

/** What changes from second to second. Never persisted. */
export interface LiveView {
  readonly state: RunState;
  readonly here: number;
  readonly needed: number;
  /** null before the first round and after the last. */
  readonly round: number | null;
  readonly attempt: number | null;
  readonly phase: Phase | null;
  /** Participants of the current round by what they have done so far. */
  readonly cohort: {
    readonly invited: number;
    readonly training: number;
    readonly trained: number;
    readonly uploaded: number;
  };
  /** Mean of the participants' reported training progress, 0..100. */
  readonly progressPercent: number;
  readonly privacy: PrivacyView;
}

/** One attempt at a round that has ended. */
export interface RoundView {
  readonly round: number;
  readonly attempt: number;
  readonly sid: Sid;
  readonly outcome: 'done' | 'aborted';
  readonly abortCode: AbortCode | null;
  readonly invited: number;
  readonly declined: number;
  /** Invited and accepted, but not in the sum. */
  readonly dropped: number;
  /** In the sum; 0 where aborted. */
  readonly participants: number;
  /** On the task's test set, 0..1; null until evaluated. */
  readonly accuracy: number | null;
  /** Mean cross-entropy in nats on the test set; null until evaluated, and where it is not a finite number. */
  readonly loss: number | null;
  /** By class, on the test set; null until evaluated, and as Evaluation says. */
  readonly detail: EvaluationDetail | null;
  /** WebSocket payload bytes a participant sent in this round, mean over the sum's participants. */
  readonly bytesPerTab: number;
  /** Pairs whose shares went directly from tab to tab, and those that the coordinator passed on, sealed. */
  readonly pairsDirect: number;
  readonly pairsRelayed: number;
  /** Spent after it by the participant that has spent most; null where nothing limits it. */
  readonly epsilon: number | null;
  /** From the offer to the new model. */
  readonly seconds: number;
  readonly modelHash: ModelHash | null;
  readonly sumHash: string | null;
  readonly endedAt: string;
  /** Where the clip adapts and a model was made: what the next round's clip follows from (privacy/adaptive-clip). */
  readonly clip?: RoundClip;
}

/** Of one round. All of it is released: `within` has the noise that ε counts. */
interface RoundClip {
  /** Clip norm of the round's offer. */
  readonly norm: number;
  /** Share of the updates that were not longer, 0..1. */
  readonly within: number;
}

export interface LogEntry {
  readonly at: string;
  readonly text: string;
}

export interface RunView {
  readonly id: RunId;
  readonly createdAt: string;
  /** Ed25519 public key of the coordinator, hex: a link that its admin key signed was made by the coordinator. */
  readonly coordinatorKey: string;
  readonly task: Task;
  readonly settings: RunSettings;
  /** Number of parameters of the model. */
  readonly parameters: number;
  /** The newest model; the initial one before the first round. */
  readonly modelHash: ModelHash;
  /** The initial model on the test set; null until evaluated. */
  readonly initial: Evaluation | null;
  /** Why a run failed or stopped, as a sentence; null otherwise. */
  readonly endedBecause: string | null;
  readonly live: LiveView;
  /** In the order they ended; aborted attempts included. */
  readonly rounds: readonly RoundView[];
  readonly log: readonly LogEntry[];
}

export type RunEvent =
  | { readonly kind: 'snapshot'; readonly run: RunView }
  | { readonly kind: 'live'; readonly live: LiveView }
  /** New, or known by (round, attempt) and now evaluated. */
  | { readonly kind: 'round'; readonly round: RoundView; readonly modelHash: ModelHash }
  | { readonly kind: 'initial'; readonly initial: Evaluation }
  | { readonly kind: 'ended'; readonly endedBecause: string | null }
  /** It asks for more now, and goes on if it had ended. */
  | { readonly kind: 'extended'; readonly settings: RunSettings }
  | { readonly kind: 'log'; readonly entry: LogEntry };

/** A participant as the admin sees it: no data, no update. */
export interface ParticipantView {
  readonly id: ParticipantId;
  readonly shard: number;
  readonly backend: string | null;
  readonly status: 'loading' | 'waiting' | 'paused' | 'training' | 'trained' | 'uploaded';
  readonly progressPercent: number;
  readonly joinedAt: string;
}

export interface AdminRunView {
  readonly run: RunView;
  /**
   * Path with fragment of the open invitation: /join/<id>#<invitation> (protocol/invitation); null where the admin
   * keeps the key that invites, and makes links itself.
   */
  readonly joinPath: string | null;
  readonly participants: readonly ParticipantView[];
}

export type AdminRunEvent =
  | { readonly kind: 'admin-snapshot'; readonly view: AdminRunView }
  | { readonly kind: 'participants'; readonly participants: readonly ParticipantView[] }
  | Exclude<RunEvent, { kind: 'snapshot' }>;

/** The newest round whose model was evaluated; null before there is one. */
export const newestEvaluated = (rounds: readonly RoundView[]): RoundView | null =>
  rounds.findLast(({ accuracy }) => accuracy !== null) ?? null;

/** Folds one event into a view; the first event is always a snapshot. */
export function applyRunEvent(run: RunView | null, event: RunEvent): RunView | null {
  if (event.kind === 'snapshot') return event.run;
  if (run === null) return null;
  switch (event.kind) {
    case 'live':
      return { ...run, live: event.live };
    case 'round': {
      const same = (other: RoundView) =>
        other.round === event.round.round && other.attempt === event.round.attempt;
      const rounds = run.rounds.some(same)
        ? run.rounds.map((other) => (same(other) ? event.round : other))
        : [...run.rounds, event.round];
      return { ...run, rounds, modelHash: event.modelHash };
    }
    case 'initial':
      return { ...run, initial: event.initial };
    case 'ended':
      return { ...run, endedBecause: event.endedBecause };
    case 'extended':
      return { ...run, settings: event.settings, endedBecause: null };
    case 'log':
      return { ...run, log: [...run.log, event.entry] };
  }
}
