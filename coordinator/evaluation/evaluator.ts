/** Evaluates models on the task's test set in one worker thread, never on the event loop. */
import { Worker } from 'node:worker_threads';
import type { Evaluation } from '#shared/tasks/evaluation.ts';
import type { Task } from '#shared/tasks/task.ts';

export interface EvaluationRequest {
  readonly id: number;
  /** [d] */
  readonly parameters: Float32Array;
}

/** `failed`: nothing can be evaluated, and the thread is over. */
export type EvaluationAnswer =
  | { readonly kind: 'failed'; readonly detail: string }
  | { readonly kind: 'result'; readonly id: number; readonly evaluation: Evaluation };

export interface Evaluator {
  /** `parameters` is [d], copied to the thread. Rejects with a sentence where the thread cannot do it. */
  evaluate(parameters: Float32Array): Promise<Evaluation>;
  /** What is under way, and whatever is asked later, is rejected. */
  close(): Promise<void>;
}

interface Pending {
  resolve(evaluation: Evaluation): void;
  reject(error: Error): void;
}

/** `dataFolder` holds one folder a data set (data/manifest). A thread that died is started anew at the next call. */
export function createEvaluator(options: { readonly task: Task; readonly dataFolder: string }): Evaluator {
  const pending = new Map<number, Pending>();
  let worker: Worker | null = null;
  let nextId = 0;
  let closed = false;

  const rejectAll = (sentence: string) => {
    for (const { reject } of pending.values()) reject(new Error(sentence));
    pending.clear();
  };

  const start = () => {
    const started = new Worker(new URL('./worker.ts', import.meta.url), { workerData: options });
    // The words of a thread that was given up are no news of the one after it.
    const lose = (detail: string) => {
      if (worker !== started) return;
      worker = null;
      void started.terminate();
      rejectAll(`The evaluation stopped: ${detail}`);
    };
    started.on('message', (answer: EvaluationAnswer) => {
      if (answer.kind === 'failed') return lose(answer.detail);
      pending.get(answer.id)?.resolve(answer.evaluation);
      pending.delete(answer.id);
    });
    started.on('error', (error: Error) => lose(error.message));
    started.on('exit', (code) => lose(`its thread ended with code ${code}.`));
    started.unref();
    return started;
  };

  return {
    evaluate: (parameters) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new Error('The evaluation is closed.'));
        worker ??= start();
        const request: EvaluationRequest = { id: nextId++, parameters };
        pending.set(request.id, { resolve, reject });
        worker.postMessage(request);
      }),
    close: async () => {
      const closing = worker;
      closed = true;
      worker = null;
      rejectAll('The evaluation was closed.');
      await closing?.terminate();
    },
  };
}
