/**
 * What outlives the process: runs, every attempt at a round, models, the log, and who may administer. Each call
 * is durable when its promise resolves. One contract suite (contract.ts) holds for every implementation.
 */
import type { ModelHash, RunId, Sid } from '#shared/base/ids.ts';
import type { LogEntry, RoundView, RunState, UploadedModelView } from '#shared/protocol/api.ts';
import type { Evaluation } from '#shared/tasks/evaluation.ts';
import type { RunSettings } from '#shared/tasks/run.ts';
import type { Task } from '#shared/tasks/task.ts';

export interface RunRecord {
  readonly id: RunId;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly task: Task;
  readonly settings: RunSettings;
  /** Base64url, the secret of the invitation link. */
  readonly invitation: string;
  readonly state: RunState;
  readonly endedBecause: string | null;
  /** The newest model. */
  readonly modelHash: ModelHash;
  /** Of the initial model; null until evaluated. */
  readonly initial: Evaluation | null;
}

/** A model that an admin brought. */
export type UploadedModel = Omit<UploadedModelView, 'parameters'>;

/** An attempt that has begun and not ended. */
export interface OpenRound {
  readonly run: RunId;
  readonly round: number;
  readonly attempt: number;
  readonly sid: Sid;
  readonly invited: number;
}

export interface Store {
  adminTokenHash(): Promise<string | null>;
  /** Ends every session. */
  setAdminTokenHash(hash: string): Promise<void>;
  addSession(hash: string, expiresAtMs: number): Promise<void>;
  /** When the session expires (epoch milliseconds), null where there is none. */
  sessionExpiry(hash: string): Promise<number | null>;
  removeSession(hash: string): Promise<void>;
  /** Forgets sessions that expired by `nowMs`. */
  removeExpiredSessions(nowMs: number): Promise<void>;
  /** Ed25519 secret key, 32 bytes. */
  coordinatorKey(): Promise<Uint8Array | null>;
  setCoordinatorKey(secretKey: Uint8Array): Promise<void>;

  /** The run and its initial model, or neither. */
  createRun(run: RunRecord, model: Uint8Array): Promise<void>;
  /** In order of creation. */
  runs(): Promise<RunRecord[]>;
  setRunState(id: RunId, state: RunState, endedBecause: string | null): Promise<void>;
  /** It goes on with other settings, and its log says so: all or nothing. */
  extendRun(id: RunId, settings: RunSettings, entry: LogEntry): Promise<void>;
  setInitial(id: RunId, initial: Evaluation): Promise<void>;

  openRound(round: OpenRound): Promise<void>;
  /** Attempts that a crash cut off. */
  openRounds(): Promise<OpenRound[]>;
  /** The attempt is over without a model. */
  abortRound(run: RunId, view: RoundView): Promise<void>;
  /** The attempt is over, its model is stored and is the run's newest: all or nothing. */
  commitRound(run: RunId, view: RoundView, model: Uint8Array): Promise<void>;
  /** Replaces an ended attempt's view (it has been evaluated). */
  updateRound(run: RunId, view: RoundView): Promise<void>;
  /** Ended attempts in the order they ended. */
  rounds(run: RunId): Promise<RoundView[]>;
  model(hash: ModelHash): Promise<Uint8Array | null>;

  /** The model and its weights, or neither; nothing changes where it is there already. */
  addUploadedModel(uploaded: UploadedModel, model: Uint8Array): Promise<void>;
  /** In the order they came. */
  uploadedModels(): Promise<UploadedModel[]>;
  uploadedModel(id: string): Promise<UploadedModel | null>;

  appendLog(run: RunId, entry: LogEntry): Promise<void>;
  log(run: RunId): Promise<LogEntry[]>;
  close(): Promise<void>;
}
