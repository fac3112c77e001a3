/** A process of Node with one thread: V8 collects garbage and compiles on it, too, so that its CPU time is all. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ClientCost } from './client-bench.ts';
import type { CoordinatorFigures, NodeRunner, Question } from './runner.ts';

export async function openNode(): Promise<NodeRunner> {
  const child = fork(fileURLToPath(new URL('./node-process.ts', import.meta.url)), {
    execArgv: ['--single-threaded'],
  });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the measured process ended (${String(code)})`);
  });
  // Looked at while there is a question; the last end is ours.
  ended.catch(() => {});
  const ask = async (question: Question): Promise<unknown> => {
    child.send(question);
    const [answer] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
    return answer;
  };
  return {
    client: async (conditions) => (await ask({ of: 'client', conditions })) as ClientCost,
    coordinator: async (conditions) => (await ask({ of: 'coordinator', conditions })) as CoordinatorFigures,
    close: async () => {
      child.kill();
      await ended.catch(() => {});
    },
  };
}
