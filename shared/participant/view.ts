/** What the worker (or a Node participant) reports upward, whole, on each change; and the commands that come down. */
import type { ModelHash, ParticipantId, RunId } from '../base/ids.ts';
import type { AbortCode } from '../protocol/faults.ts';
import type { Task } from '../tasks/task.ts';
import type { LeaveReason } from '../round/client/types.ts';
import type { ShardReference } from '../data/shards.ts';

export type Command =
  | { readonly kind: 'join'; readonly run: RunId; readonly invitation: string }
  | { readonly kind: 'leave' }
  | { readonly kind: 'delete-data' };

export interface RoundProgress {
  readonly round: number;
  readonly attempt: number;
  readonly phase: 'training' | 'advertised' | 'masking' | 'uploading' | 'submitted';
  readonly percent: number;
  readonly epoch: number;
  readonly epochs: number;
  /** Own training loss, latest batch; stays here. */
  readonly loss: number | null;
}

export interface RoundOutcome {
  readonly round: number;
  readonly attempt: number;
  readonly outcome: 'done' | 'aborted' | 'left';
  readonly survivors: number | null;
  readonly code: AbortCode | LeaveReason | null;
  readonly detail: string;
  /** Own mean training loss of the round; stays here. */
  readonly loss: number | null;
  readonly bytesSent: number;
}

/** One message that left this tab. */
export interface SentMessage {
  readonly atMs: number;
  readonly kind: string;
  readonly bytes: number;
  readonly to: 'coordinator';
  /** Consecutive messages of one kind (upload chunks, progress) are one row. */
  readonly count: number;
}

export type ParticipantStatus =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting'; readonly attempt: number }
  | { readonly kind: 'loading'; readonly fraction: number }
  | { readonly kind: 'waiting'; readonly here: number; readonly needed: number }
  | { readonly kind: 'in-round'; readonly progress: RoundProgress }
  /** The socket is lost; it reconnects by itself. */
  | { readonly kind: 'offline'; readonly retryInMs: number }
  | {
      readonly kind: 'finished';
      readonly outcome: 'done' | 'stopped' | 'failed';
      readonly rounds: number;
      readonly modelHash: ModelHash;
    }
  | { readonly kind: 'left' }
  /** Nothing more happens without the person; `detail` says what happened, why, and what to do. */
  | { readonly kind: 'failed'; readonly detail: string };

export interface ParticipantView {
  readonly status: ParticipantStatus;
  readonly participant: ParticipantId;
  readonly task: Task | null;
  readonly shard: ShardReference | null;
  readonly examples: number | null;
  readonly backend: string | null;
  readonly rounds: readonly RoundOutcome[];
  readonly sent: readonly SentMessage[];
  readonly bytesSent: number;
  readonly dataKept: boolean;
}
