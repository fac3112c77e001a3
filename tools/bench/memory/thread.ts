/** One model's rounds; posts the memory's sizes after each of those that `../memory.ts` names. */
import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { initialParameters } from '#shared/tasks/initial.ts';
import { mnistSmallCnnTask, mnistTask } from '#shared/tasks/mnist.ts';
import type { Task } from '#shared/tasks/task.ts';
import { startBackend } from '#shared/training/backend.ts';
import { memorySizes } from '#shared/training/backends/memory-sizes.ts';
import { evaluate } from '#shared/training/evaluation.ts';
import { trainLocally } from '#shared/training/trainer.ts';
import { nodeWasmFiles } from '../../../coordinator/evaluation/wasm-files.ts';
import { trainExamples } from '../../prepare-data/testing.ts';
import { EXAMPLES, TOLD_AFTER, type MemoryModel } from '../memory.ts';

const TASKS: Readonly<Record<MemoryModel, Task>> = { '2nn': mnistTask, 'cnn-small': mnistSmallCnnTask };
const DIGITS = fileURLToPath(new URL('../../../web/static/demo/mnist', import.meta.url));
const SEED = 1;

const task = TASKS[workerData as MemoryModel];
const backend = await startBackend(nodeWasmFiles());
if (!backend.ok) throw new Error(backend.fault);
// The first of its chunks has more.
const { inputs, labels } = await trainExamples(DIGITS, { index: 0, of: 120 });
const width = inputs.length / labels.length;
const examples = {
  count: EXAMPLES,
  inputs: inputs.slice(0, EXAMPLES * width),
  labels: labels.slice(0, EXAMPLES),
};

let parameters = initialParameters(task.model, SEED);
for (let round = 1; round <= Math.max(...TOLD_AFTER); round++) {
  const trained = await trainLocally({
    task,
    training: task.training,
    parameters,
    examples,
    shuffleLabel: `${SEED} round ${round}`,
    signal: new AbortController().signal,
    onBatch: () => {},
  });
  if (!trained.ok) throw new Error(trained.fault.detail);
  const { delta } = trained.value;
  parameters = parameters.map((value, i) => value + (delta[i] ?? 0));
  await evaluate(task.model, parameters, examples);
  if (TOLD_AFTER.includes(round)) parentPort?.postMessage(memorySizes());
}
