/** Runs the workload in a worker thread of Node. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ProfiledStep, Runner, Side, WorkloadName } from './protocol.ts';

/** What the thread is asked for. */
export type ThreadRequest =
  | { readonly kind: 'run'; readonly name: WorkloadName; readonly repeats: number }
  | { readonly kind: 'profile'; readonly steps: number };

export async function openThread(side: Side): Promise<Runner> {
  const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData: side });
  await once(worker, 'message');
  const answerTo = async (request: ThreadRequest): Promise<unknown> => {
    worker.postMessage(request);
    return ((await once(worker, 'message')) as [unknown])[0];
  };
  return {
    run: async (name, repeats) => (await answerTo({ kind: 'run', name, repeats })) as number,
    profile: async (steps) => (await answerTo({ kind: 'profile', steps })) as ProfiledStep[],
    close: async () => {
      await worker.terminate();
    },
  };
}
