/** The runs by which every task that ships learns from its own data, in the tests and in the demo-runs bench. */
import { fileURLToPath } from 'node:url';
import type { Evaluation } from '#shared/tasks/evaluation.ts';
import { mnistCnnTask, mnistSmallCnnTask, mnistSoftmaxTask, mnistTask } from '#shared/tasks/mnist.ts';
import { penguinsLogisticTask, penguinsTask } from '#shared/tasks/penguins.ts';
import { spamTask } from '#shared/tasks/spam.ts';
import { speechesTask } from '#shared/tasks/speeches.ts';
import type { Task } from '#shared/tasks/task.ts';
import { evaluate } from '#shared/training/evaluation.ts';
import { testExamples, trainExamples } from '../prepare-data/testing.ts';
import { federate } from './federation.ts';

const SEED = 1;
const demo = fileURLToPath(new URL('../../web/static/demo', import.meta.url));

/** Where the task's prepared data are. */
export const folderOf = (task: Task): string => `${demo}/${task.data.dataset}`;

export interface DemoRun {
  readonly what: string;
  readonly task: Task;
  /** The first `participants` of `of` shards take part. */
  readonly participants: number;
  readonly of: number;
  readonly rounds: number;
  /** At least, of the test set. */
  readonly accuracy: number;
}

export const DEMO_RUNS: readonly DemoRun[] = [
  {
    what: 'penguins, three islands, 10 rounds',
    task: penguinsTask,
    participants: 3,
    of: 3,
    rounds: 10,
    accuracy: 0.95,
  },
  {
    what: 'penguins by logistic regression, three islands, 10 rounds',
    task: penguinsLogisticTask,
    participants: 3,
    of: 3,
    rounds: 10,
    accuracy: 0.95,
  },
  { what: 'spam, five fifths, 5 rounds', task: spamTask, participants: 5, of: 5, rounds: 5, accuracy: 0.97 },
  {
    what: 'digits, 10,000 by five, 8 rounds',
    task: mnistTask,
    participants: 5,
    of: 30,
    rounds: 8,
    accuracy: 0.93,
  },
  {
    what: 'digits by logistic regression, 10,000 by five, 6 rounds',
    task: mnistSoftmaxTask,
    participants: 5,
    of: 30,
    rounds: 6,
    accuracy: 0.88,
  },
  {
    what: 'digits by the small CNN, 6,000 by three, 5 rounds',
    task: mnistSmallCnnTask,
    participants: 3,
    of: 30,
    rounds: 5,
    accuracy: 0.95,
  },
  {
    what: 'digits by McMahan’s CNN, 12,000 by three, 3 rounds',
    task: mnistCnnTask,
    participants: 3,
    of: 15,
    rounds: 3,
    accuracy: 0.97,
  },
];

/** Its yardstick is a loss: that of counting how often pairs of characters are met. */
export const SPEECHES_RUN: DemoRun = {
  what: 'speeches, three of 43 presidents, 4 rounds',
  task: speechesTask,
  participants: 3,
  of: 43,
  rounds: 4,
  accuracy: 0.35,
};

/** Too long for the tests: the most digits that anybody can hold, in the run that moves weights the furthest. */
export const LONG_RUNS: readonly DemoRun[] = [
  {
    what: 'digits by McMahan’s CNN, three thirds, one round',
    task: mnistCnnTask,
    participants: 3,
    of: 3,
    rounds: 1,
    accuracy: 0.97,
  },
];

export interface Learned extends Evaluation {
  /** Of any weight in any participant's local training, as a share of what quantization keeps. */
  readonly largestChange: number;
}

/** A backend must be started, and the data prepared. */
export async function learn({ task, participants, of, rounds }: DemoRun): Promise<Learned> {
  const folder = folderOf(task);
  const shards = await Promise.all(
    Array.from({ length: participants }, (_, index) => trainExamples(folder, { index, of })),
  );
  const { parameters, largestChange } = await federate({ task, shards, rounds, seed: SEED });
  const evaluation = await evaluate(task.model, parameters, testExamples(folder));
  return { ...evaluation, largestChange: largestChange / task.quantization.range };
}
