/** Runs the workload in a worker thread of Node. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Runner, Side } from './protocol.ts';

export async function openThread(side: Side): Promise<Runner> {
  const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData: side });
  await once(worker, 'message');
  return {
    run: async (name, repeats) => {
      worker.postMessage({ name, repeats });
      const [ms] = (await once(worker, 'message')) as [number];
      return ms;
    },
    close: async () => {
      await worker.terminate();
    },
  };
}
