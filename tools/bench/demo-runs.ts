/**
 * The demo-runs suite: what every task that ships learns in the runs of the tests and in longer ones, and how far
 * the weights move in a local epoch, as a share of the range that quantization keeps.
 */
import { startBackend } from '#shared/training/backend.ts';
import { nodeWasmFiles } from '../../coordinator/evaluation/wasm-files.ts';
import { DEMO_RUNS, learn, LONG_RUNS, SPEECHES_RUN } from '../demo-runs/runs.ts';
import { prepareData } from '../prepare-data.ts';
import type { Figure } from './figure.ts';

/** Yields accuracy, loss and largest-change. */
export async function* measureDemoRuns(): AsyncGenerator<Figure> {
  prepareData();
  const started = await startBackend(nodeWasmFiles());
  if (!started.ok) throw new Error(started.fault);
  for (const run of [...DEMO_RUNS, SPEECHES_RUN, ...LONG_RUNS]) {
    const { task, participants, of, rounds } = run;
    const params = { task: task.id, participants, of, rounds, range: task.quantization.range };
    const { accuracy, loss, largestChange } = await learn(run);
    yield { name: 'accuracy', unit: 'fraction', value: accuracy, params };
    yield { name: 'loss', unit: 'nats', value: loss, params };
    yield { name: 'largest-change', unit: 'of the range', value: largestChange, params };
  }
}
