/** The one channel between the page and the participant's worker: commands down, views up. */
import type { ModelHash, RunId } from '#shared/base/ids.ts';
import type { BackendChoice, BackendWish } from '#shared/participant/backend-choice.ts';
import type { Command, ParticipantView } from '#shared/participant/view.ts';
import type { Evaluation } from '#shared/tasks/evaluation.ts';

/** For the trainer, not for the protocol. */
export type TrainingCommand =
  /** The share of time that training may take, 1..100. */
  | { readonly kind: 'set-duty'; readonly dutyPercent: number }
  /** Which backend to train with, from the next page load on. */
  | { readonly kind: 'set-backend'; readonly wish: BackendWish };

/** A model against the tab's own data, at the person's wish. */
export type ScoreCommand =
  | { readonly kind: 'score-own-data'; readonly model: ModelHash }
  /** After the batch in hand. */
  | { readonly kind: 'cancel-score' };

/** How far that is. None of it leaves the tab. */
export type OwnScore =
  | { readonly kind: 'scoring' }
  | { readonly kind: 'cancelled' }
  | {
      readonly kind: 'scored';
      readonly model: ModelHash;
      readonly examples: number;
      readonly evaluation: Evaluation;
    }
  /** `detail` says what happened, why, and what to do. */
  | { readonly kind: 'failed'; readonly detail: string };

/** `join` brings what only a page has: direct connections (peer-bridge), and its memory through a reload (slots). */
export type ToWorker =
  | Exclude<Command, { kind: 'join' }>
  | TrainingCommand
  | ScoreCommand
  | (Extract<Command, { kind: 'join' }> & {
      readonly links: MessagePort;
      readonly rememberedSlot: number | null;
    });
export type FromWorker =
  | { readonly kind: 'view'; readonly view: ParticipantView }
  /** What trains, why, and what was asked for. */
  | { readonly kind: 'backend'; readonly choice: BackendChoice; readonly wish: BackendWish }
  | { readonly kind: 'own-score'; readonly score: OwnScore }
  /** The slot that this tab holds, to be remembered. */
  | { readonly kind: 'slot'; readonly run: RunId; readonly index: number }
  /** Everything that this browser kept is gone. */
  | { readonly kind: 'data-deleted' };
