/**
 * How the client application reaches the world. A tab's worker and a Node participant implement these;
 * the application itself (session, rounds) is the same in both.
 */
import type { ModelHash, ParticipantId, RunId, Sid } from '../base/ids.ts';
import type { RandomSource } from '../base/random.ts';
import type { Result } from '../base/result.ts';
import type { Signer } from '../crypto/identity.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Examples } from '../data/examples.ts';
import type { ShardFault, ShardReference } from '../data/shards.ts';
import type { ParticipantLedger } from '../privacy/participant-ledger.ts';
import type { LocalTraining, Task } from '../tasks/task.ts';
import type { VerifiedChain } from '../protocol/invitation.ts';
import type { PeerLinks } from './peer-links.ts';

export interface DataPort {
  /** Downloads (only this shard), checks and keeps the shard; found again without a download when kept already. */
  load(
    task: Task,
    shard: ShardReference,
    onProgress: (fraction: number) => void,
  ): Promise<Result<Examples, ShardFault>>;
  /** Deletes everything this browser (or process) keeps for any task. */
  deleteAll(): Promise<void>;
}

export interface TrainJob {
  readonly task: Task;
  readonly training: LocalTraining;
  /** The global model, flat, [d]. Not changed. */
  readonly parameters: Float32Array;
  readonly examples: Examples;
  /** Labels the shuffle stream: the same label, data and backend give the same update bit for bit. */
  readonly shuffleLabel: string;
  readonly signal: AbortSignal;
  onBatch(progress: BatchProgress): void;
}
export interface BatchProgress {
  /** Batches done, of all batches of this round. */
  readonly batch: number;
  readonly batches: number;
  readonly epoch: number;
  /** Mean cross-entropy of the batch, nats. */
  readonly loss: number;
}
export interface TrainOutcome {
  /** Weight delta, trained minus global, flat, [d]; owned by the caller. */
  readonly delta: Float32Array;
  readonly examples: number;
  /** Mean over the last epoch's batches. Stays in the tab. */
  readonly loss: number;
}
export interface TrainFault {
  /**
   * `non-finite`: a loss or a weight is no number; `exploded`: the update's norm is beyond the limit; `unfit-data`: the
   * examples are not what the model takes.
   */
  readonly code: 'cancelled' | 'non-finite' | 'exploded' | 'unfit-data' | 'backend';
  readonly detail: string;
}
export interface TrainerPort {
  /** Name of the backend in use, after starting it; rejects nothing: a fault where none starts. */
  start(): Promise<Result<string, TrainFault>>;
  train(job: TrainJob): Promise<Result<TrainOutcome, TrainFault>>;
}

export interface ModelPort {
  /** Parameter bytes whose SHA-256 is `hash`; the implementation fetches, the application verifies the hash. */
  fetch(hash: ModelHash): Promise<Result<Uint8Array, { readonly detail: string }>>;
}

export interface SocketHandlers {
  onOpen(): void;
  onFrame(frame: Uint8Array): void;
  onClose(): void;
}
export interface Socket {
  send(frame: Uint8Array<ArrayBuffer>): void;
  /** Bytes accepted by send and not yet handed to the network. */
  bufferedBytes(): number;
  close(): void;
}
export interface SocketPort {
  open(handlers: SocketHandlers): Socket;
}

export interface ClockPort {
  nowMs(): number;
  after(ms: number, run: () => void): () => void;
}

export interface Identity {
  readonly signer: Signer;
  /** Which of the browser profile's tabs this is, 0-based; null where tabs cannot tell. */
  readonly slot: number | null;
}
export interface IdentityPort {
  /** This tab's identity for a run, found again after a reload. */
  open(run: RunId): Promise<Identity>;
}

/** Attempts that were joined before, in this page or before a reload (OFFER-3). */
export interface AttemptsPort {
  /** True where `sid` is new to this participant; it is stored when the promise resolves. */
  remember(sid: Sid, participant: ParticipantId): Promise<boolean>;
}

/** `changed` is the loud one: this personal invitation was another identity's before. */
export type PeerRecognition = 'first' | 'known' | 'changed';

/** Whom this browser has met before. */
export interface AcquaintancesPort {
  /** Of each of `peers`, by their verified chains; who is new is remembered. */
  recognizePeers(
    run: RunId,
    peers: ReadonlyMap<ParticipantId, VerifiedChain>,
  ): Promise<ReadonlyMap<ParticipantId, PeerRecognition>>;
}

export interface ParticipantPorts {
  readonly socket: SocketPort;
  readonly data: DataPort;
  readonly model: ModelPort;
  readonly trainer: TrainerPort;
  readonly clock: ClockPort;
  readonly random: RandomSource;
  readonly identity: IdentityPort;
  readonly attempts: AttemptsPort;
  /** What this profile's tabs have spent of their privacy on this origin. */
  readonly ledger: ParticipantLedger;
  /** Null where nothing outlives the page load. */
  readonly acquaintances: AcquaintancesPort | null;
  readonly links: PeerLinks;
  readonly suite: CryptoSuite;
}
