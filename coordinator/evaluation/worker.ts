/** The evaluation's thread: starts tfjs once, loads the test set once, then answers one request after another. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import * as v from 'valibot';
import { invariant } from '#shared/base/invariant.ts';
import { fail, type Result } from '#shared/base/result.ts';
import { examplesOfChunk, type Examples } from '#shared/data/examples.ts';
import { datasetManifest } from '#shared/data/manifest.ts';
import { examplesMisfit } from '#shared/tasks/fit.ts';
import type { Task } from '#shared/tasks/task.ts';
import { startBackend } from '#shared/training/backend.ts';
import { evaluate } from '#shared/training/evaluation.ts';
import type { EvaluationAnswer, EvaluationRequest } from './evaluator.ts';
import { nodeWasmFiles } from './wasm-files.ts';

const { task, dataFolder } = workerData as { task: Task; dataFolder: string };
const port = parentPort;
invariant(port, 'the evaluation runs in a worker thread');
const answer = (message: EvaluationAnswer) => port.postMessage(message);

async function loadTestSet(): Promise<Result<Examples, string>> {
  const folder = join(dataFolder, task.data.dataset);
  try {
    const list = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
    const manifest = v.parse(datasetManifest, list);
    const bytes = await readFile(join(folder, manifest.test.file));
    const examples = examplesOfChunk(bytes, manifest.test, manifest);
    if (!examples.ok) return examples;
    const misfit = examplesMisfit(task.model, examples.value);
    return misfit === null ? examples : fail(`the test set in ${folder} does not fit the model: ${misfit}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(`the test set in ${folder} cannot be read (npm run prepare-data makes it): ${reason}`);
  }
}

/** One after another: a model in hand is done with before the next is built. What breaks one ends the thread. */
function serve(examples: Examples): void {
  let last = Promise.resolve();
  const answerAfter = async (before: Promise<void>, { id, parameters }: EvaluationRequest) => {
    await before;
    const evaluation = await evaluate(task.model, parameters, examples, { yieldThread: setImmediate });
    answer({ kind: 'result', id, evaluation });
  };
  port?.on('message', (request: EvaluationRequest) => {
    last = answerAfter(last, request);
  });
}

const backend = await startBackend(nodeWasmFiles());
const test = await loadTestSet();
if (!backend.ok) answer({ kind: 'failed', detail: backend.fault });
else if (!test.ok) answer({ kind: 'failed', detail: test.fault });
else serve(test.value);
