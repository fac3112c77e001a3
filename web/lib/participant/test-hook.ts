/**
 * The test build's window into what never leaves a tab: each quantized update, before it is masked. It listens at
 * the ports alone: offers at the socket, updates at the trainer. Only reached where __CHORALE_TEST_BUILD__ is true,
 * so the product's bundle holds nothing of this file, nor of anything made for it.
 */
import type { Sid } from '#shared/base/ids.ts';
import { quantizeUpdate } from '#shared/numeric/quantize.ts';
import type { ParticipantPorts } from '#shared/participant/ports.ts';
import { decodeOffer, decodeToParticipant } from '#shared/protocol/codec.ts';
import type { Offer } from '#shared/protocol/messages/directions.ts';
import { sidOfOffer } from '#shared/protocol/transcript.ts';
import { quantizationTerms } from '#shared/round/vector.ts';

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
export function observedPorts(ports: ParticipantPorts): ParticipantPorts {
  let coordinatorKey: Uint8Array | null = null;
  let offered: { readonly sid: Sid; readonly offer: Offer } | null = null;
  const listen = (frame: Uint8Array) => {
    const decoded = decodeToParticipant(frame);
    if (!decoded.ok) return;
    const { value: message } = decoded;
    if (message.kind === 'greeting') ({ coordinatorKey } = message);
    if (message.kind !== 'offer' || coordinatorKey === null) return;
    const offer = decodeOffer(message.terms);
    if (offer.ok) offered = { sid: sidOfOffer(message.terms, coordinatorKey), offer: offer.value };
  };
  return {
    ...ports,
    socket: {
      open: (handlers) =>
        ports.socket.open({
          ...handlers,
          onFrame: (frame) => {
            listen(frame);
            handlers.onFrame(frame);
          },
        }),
    },
    trainer: {
      start: () => ports.trainer.start(),
      train: async (job) => {
        const round = offered;
        const trained = await ports.trainer.train(job);
        if (trained.ok && round !== null) {
          const { delta, examples } = trained.value;
          const words = quantizeUpdate(delta, examples, quantizationTerms(round.offer));
          if (words.ok)
            self.postMessage({
              kind: 'trained-update',
              sid: round.sid,
              words: words.value,
            } satisfies TrainedUpdate);
        }
        return trained;
      },
    },
  };
}

/** In the page. */
export function collectUpdates(worker: Worker): void {
  const updates: Record<string, Uint32Array> = {};
  window.__choraleTrainedUpdates = updates;
  worker.addEventListener('message', ({ data }: MessageEvent<TrainedUpdate>) => {
    if (data.kind === 'trained-update') updates[data.sid] = data.words;
  });
}
