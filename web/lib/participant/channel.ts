/** The one channel between the page and the participant's worker: commands down, views up. */
import type { Command, ParticipantView } from '#shared/participant/view.ts';

export type ToWorker = Command;
export type FromWorker =
  | { readonly kind: 'view'; readonly view: ParticipantView }
  /** Everything that this browser kept is gone. */
  | { readonly kind: 'data-deleted' };
