/**
 * The evaluation's thread: starts tfjs once, loads the test set once, then answers one request after another.
 * Messages in: {id, parameters}; out: {kind: 'ready'} | {kind: 'failed', detail} | {kind: 'result', id, evaluation}.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import * as v from 'valibot';
import { invariant } from '#shared/base/invariant.ts';
import { examplesOfChunk } from '#shared/data/examples.ts';
import { datasetManifest } from '#shared/data/manifest.ts';
import type { Task } from '#shared/tasks/task.ts';
import { startBackend } from '#shared/training/backend.ts';
import { evaluate } from '#shared/training/evaluation.ts';
import { nodeWasmFiles } from './wasm-files.ts';

export interface EvaluationRequest {
  readonly id: number;
  readonly parameters: Float32Array;
}

const { task, dataFolder } = workerData as { task: Task; dataFolder: string };
const port = parentPort;
invariant(port, 'the evaluation runs in a worker thread');

const folder = join(dataFolder, task.data.dataset);
const backend = await startBackend(nodeWasmFiles());
const manifest = v.parse(datasetManifest, JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
const test = examplesOfChunk(await readFile(join(folder, manifest.test.file)), manifest.test, manifest);

if (!backend.ok) port.postMessage({ kind: 'failed', detail: backend.fault });
else if (!test.ok) port.postMessage({ kind: 'failed', detail: test.fault });
else {
  port.on('message', ({ id, parameters }: EvaluationRequest) =>
    port.postMessage({ kind: 'result', id, evaluation: evaluate(task.model, parameters, test.value) }),
  );
  port.postMessage({ kind: 'ready' });
}
