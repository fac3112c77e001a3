/** Evaluates models on the task's test set in one worker thread, never on the event loop. */
import { Worker } from 'node:worker_threads';
import type { Task } from '#shared/tasks/task.ts';

export interface ModelEvaluation {
  /** 0..1 */
  readonly accuracy: number;
  /** Mean cross-entropy, nats. */
  readonly loss: number;
}

export interface Evaluator {
  /** `parameters` is [d], copied to the thread. Rejects with a sentence where the thread cannot do it. */
  evaluate(parameters: Float32Array): Promise<ModelEvaluation>;
  close(): Promise<void>;
}

type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly detail: string }
  | { readonly kind: 'result'; readonly id: number; readonly evaluation: ModelEvaluation };

interface Pending {
  resolve(evaluation: ModelEvaluation): void;
  reject(error: Error): void;
}

/** `dataFolder` holds one folder a data set (data/manifest). A thread that died is started anew at the next call. */
export function createEvaluator(options: { readonly task: Task; readonly dataFolder: string }): Evaluator {
  const pending = new Map<number, Pending>();
  let worker: Worker | null = null;
  let nextId = 0;

  const lose = (detail: string) => {
    void worker?.terminate();
    worker = null;
    for (const { reject } of pending.values()) reject(new Error(`The evaluation stopped: ${detail}`));
    pending.clear();
  };

  const start = () => {
    const started = new Worker(new URL('./worker.ts', import.meta.url), { workerData: options });
    started.on('message', (answer: Answer) => {
      if (answer.kind === 'failed') lose(answer.detail);
      if (answer.kind !== 'result') return;
      pending.get(answer.id)?.resolve(answer.evaluation);
      pending.delete(answer.id);
    });
    started.on('error', (error: Error) => lose(error.message));
    started.unref();
    return started;
  };

  return {
    evaluate: (parameters) =>
      new Promise((resolve, reject) => {
        worker ??= start();
        const id = nextId++;
        pending.set(id, { resolve, reject });
        worker.postMessage({ id, parameters });
      }),
    close: async () => {
      const closing = worker;
      worker = null;
      pending.clear();
      await closing?.terminate();
    },
  };
}
