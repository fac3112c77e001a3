/** What the worker (or a Node participant) reports upward, whole, on each change; and the commands that come down. */
import type { ModelHash, ParticipantId, RunId } from '../base/ids.ts';
import type { Caps, LedgerEntry } from '../privacy/ledger.ts';
import type { AbortCode } from '../protocol/faults.ts';
import type { Task } from '../tasks/task.ts';
import type { RunTerms } from '../tasks/terms.ts';
import type { LeaveReason } from '../round/client/types.ts';
import type { ShardReference } from '../data/shards.ts';
import type { Reach } from './peer-exchange.ts';
import type { PeerRecognition } from './ports.ts';
import type { Evidence } from './round-inbox.ts';

/** What a person agreed to when they joined. */
export interface Consent {
  /** What the run asks, as the page said it; null where nobody was asked, and the first offer says. */
  readonly agreed: RunTerms | null;
  /** Over all tabs of this profile and all runs on this origin; ε = ∞ where the person sets no limit. */
  readonly ownLimit: Omit<Caps, 'participations'>;
}

/** Beside an extension of the run. */
export interface AgreementView {
  /** Null where nobody was asked. */
  readonly agreed: RunTerms | null;
  /** What an extension asks for beyond that; null where nothing is. */
  readonly asked: RunTerms | null;
  /** The person keeps to what they agreed to; they may still change their mind. */
  readonly keeps: boolean;
}

export type Command =
  | { readonly kind: 'join'; readonly run: RunId; readonly invitation: string; readonly consent: Consent }
  | { readonly kind: 'leave' }
  /** To the terms that the person was shown, and none that came since. */
  | { readonly kind: 'answer-extension'; readonly terms: RunTerms; readonly agrees: boolean }
  /** Training stops after the batch in hand, and offers are declined, until it is unset. */
  | { readonly kind: 'set-paused'; readonly paused: boolean }
  | { readonly kind: 'delete-data' };

/** A neighbour of a round. */
export interface PeerView {
  readonly id: ParticipantId;
  readonly reach: Reach;
  /** Whether this browser has met it before; null before that is known. */
  readonly met: PeerRecognition | null;
}

export interface RoundProgress {
  readonly round: number;
  readonly attempt: number;
  readonly phase: 'training' | 'advertised' | 'sharing' | 'masking' | 'uploading' | 'submitted' | 'unmasking';
  readonly percent: number;
  readonly epoch: number;
  readonly epochs: number;
  /** Own training loss, latest batch; stays here. */
  readonly loss: number | null;
  /** What this tab's update met, in words for this page alone; null where it is sent as it is. */
  readonly note: string | null;
  /** How each neighbour is reached; empty before there is a roster. */
  readonly peers: readonly PeerView[];
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
  /** Neighbours that were reached without and through the coordinator. */
  readonly direct: number;
  readonly relayed: number;
  /** As RoundProgress has it. */
  readonly note: string | null;
  /** Where the coordinator was caught signing two values for one round. */
  readonly evidence: Evidence | null;
}

/** One message that left this tab. */
export interface SentMessage {
  readonly atMs: number;
  readonly kind: string;
  readonly bytes: number;
  readonly to: 'coordinator' | 'peers';
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
  /** Null before this tab's identity is open. */
  readonly participant: ParticipantId | null;
  /** Fingerprint of the key that the invitation comes from. */
  readonly adminFingerprint: string;
  readonly task: Task | null;
  readonly shard: ShardReference | null;
  readonly examples: number | null;
  readonly backend: string | null;
  readonly rounds: readonly RoundOutcome[];
  readonly sent: readonly SentMessage[];
  readonly bytesSent: number;
  readonly dataKept: boolean;
  /** What this tab has spent in this run, from the browser's ledger; as it was when last looked at. */
  readonly ownEntries: readonly LedgerEntry[];
  readonly paused: boolean;
  readonly agreement: AgreementView;
}
