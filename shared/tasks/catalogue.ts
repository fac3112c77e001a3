/** The tasks that ship. */
import { fail, ok, type Result } from '../base/result.ts';
import { mnistCnnTask, mnistSmallCnnTask, mnistSoftmaxTask, mnistTask } from './mnist.ts';
import { penguinsLogisticTask, penguinsTask } from './penguins.ts';
import { spamTask } from './spam.ts';
import { speechesTask } from './speeches.ts';
import type { Task } from './task.ts';

export const TASKS: readonly Task[] = [
  mnistTask,
  mnistSoftmaxTask,
  mnistSmallCnnTask,
  mnistCnnTask,
  penguinsTask,
  penguinsLogisticTask,
  spamTask,
  speechesTask,
];

/** A sentence naming the known ids where `id` is none of them. */
export function findTask(id: string, tasks: readonly Task[] = TASKS): Result<Task, string> {
  const task = tasks.find((candidate) => candidate.id === id);
  if (task) return ok(task);
  return fail(`There is no task "${id}". Known tasks: ${tasks.map((known) => known.id).join(', ')}.`);
}
