/** Node participants in worker threads: the same client application as in a tab (shared/participant). */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { NodeJoin } from './node-ports.ts';
import type { ThreadNews } from './thread.ts';

export interface SimulatedParticipants {
  /** Resolves when every participant has ended; rejects with the first one's failure. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** At most a thread a core; participants are spread evenly. */
export function startParticipants(join: NodeJoin, clients: number): SimulatedParticipants {
  const threads = Math.min(clients, availableParallelism());
  const workers = Array.from({ length: threads }, (_, index) => {
    const count = Math.floor((clients + index) / threads);
    return new Worker(new URL('./thread.ts', import.meta.url), { workerData: { ...join, count } });
  });
  let left = clients;
  const ended = new Promise<void>((resolve, reject) => {
    for (const worker of workers) {
      worker.on('error', reject);
      worker.on('message', (news: ThreadNews) => {
        if (news.kind === 'failed') return reject(new Error(news.detail));
        if (--left === 0) resolve();
      });
    }
  });
  return {
    ended,
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
