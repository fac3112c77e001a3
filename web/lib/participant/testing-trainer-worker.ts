/** For tests: the tab's trainer alone in a worker, which says what it had done when a command reached it. */
import type { TrainJob } from '#shared/participant/ports.ts';
import { tabTrainer } from './tab-trainer.ts';

export type TrainerCommand =
  | { readonly kind: 'train'; readonly job: Omit<TrainJob, 'signal' | 'onBatch'> }
  | { readonly kind: 'pause' | 'resume' | 'cancel' | 'ping' };

export type TrainerNews =
  | { readonly kind: 'batch'; readonly batch: number }
  /** `after`: batches that were done. */
  | { readonly kind: 'heard'; readonly command: TrainerCommand['kind']; readonly after: number }
  | { readonly kind: 'ended'; readonly fault: string | null };

const controller = new AbortController();
const post = (news: TrainerNews) => self.postMessage(news);
let done = 0;

self.onmessage = async ({ data: command }: MessageEvent<TrainerCommand>): Promise<void> => {
  post({ kind: 'heard', command: command.kind, after: done });
  switch (command.kind) {
    case 'train': {
      const started = await tabTrainer.start();
      if (!started.ok) return post({ kind: 'ended', fault: started.fault.detail });
      const trained = await tabTrainer.train({
        ...command.job,
        signal: controller.signal,
        onBatch: ({ batch }) => {
          done = batch;
          post({ kind: 'batch', batch });
        },
      });
      return post({ kind: 'ended', fault: trained.ok ? null : trained.fault.code });
    }
    case 'pause':
      return tabTrainer.pace.pause();
    case 'resume':
      return tabTrainer.pace.resume();
    case 'cancel':
      return controller.abort();
    case 'ping':
      return;
  }
};
