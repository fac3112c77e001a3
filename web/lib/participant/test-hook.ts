/**
 * The test build's window into what never leaves a tab: each quantized update, before it is masked. Only
 * reached where __CHORALE_TEST_BUILD__ is true, so the product's bundle holds nothing of this file.
 */
import type { Sid } from '#shared/base/ids.ts';
import type { ParticipantPorts } from '#shared/participant/ports.ts';

interface TrainedUpdate {
  readonly kind: 'trained-update';
  readonly sid: Sid;
  readonly words: Uint32Array;
}

declare global {
  interface Window {
    /** Sid to quantized update, ring words. */
    __choraleTrainedUpdates?: Record<string, Uint32Array>;
  }
}

/** In the worker. */
export const observedPorts = (ports: ParticipantPorts): ParticipantPorts => ({
  ...ports,
  observeUpdate: (sid, words) =>
    self.postMessage({ kind: 'trained-update', sid, words: words.slice() } satisfies TrainedUpdate),
});

/** In the page. */
export function collectUpdates(worker: Worker): void {
  const updates: Record<string, Uint32Array> = {};
  window.__choraleTrainedUpdates = updates;
  worker.addEventListener('message', ({ data }: MessageEvent<TrainedUpdate>) => {
    if (data.kind === 'trained-update') updates[data.sid] = data.words;
  });
}
