/**
 * The training suite: an SGD step of two models, ours beside stock TF.js, in Node and in Chromium. The two sides
 * take turns, so that whatever else the machine does falls on both; each figure is the median of its turns. Then the
 * other backends, in Chromium: cpu, and WebGPU on the adapter that there is, software where it has no graphics.
 */
import type { Figure } from './figure.ts';
import { openPage } from './training/browser.ts';
import { gigaflops, MATMUL_FLOP, median, round } from './numbers.ts';
import { BATCH, type Kernels, type Runner, type Side, type WorkloadName } from './training/protocol.ts';
import { openThread } from './training/thread-runner.ts';

const TURNS = 15;
/** Blocks of about equal length, so that other processes cost each its like share. */
const REPEATS: Readonly<Record<WorkloadName, number>> = { matmul: 8, '2nn': 40, cnn: 1 };
const WARM_UPS = 3;
const SIDES: readonly Kernels[] = ['stock', 'ours'];
/** Where a step takes seconds, and nothing is compared turn by turn. */
const FEW_TURNS: Readonly<Record<'2nn' | 'cnn', number>> = { '2nn': 5, cnn: 2 };
const RUNTIMES = { node: openThread, chromium: openPage } as const;

/** Yields step-ms and, measured between a model's steps, matmul-gflops. */
export async function* measureTraining(): AsyncGenerator<Figure> {
  for (const [runtime, open] of Object.entries(RUNTIMES)) {
    const runners = new Map<Kernels, Runner>();
    try {
      for (const kernels of SIDES) runners.set(kernels, await open({ backend: 'wasm', kernels }));
      for (const model of ['2nn', 'cnn'] as const) yield* measureModel(runtime, model, runners);
    } finally {
      for (const runner of runners.values()) await runner.close();
    }
  }
  for (const backend of ['webgpu', 'cpu'] as const) yield* measureBackend(backend);
}

/** step-ms of both models, after one step to warm up. */
async function* measureBackend(backend: Side['backend']): AsyncGenerator<Figure> {
  const runner = await openPage({ backend, kernels: 'stock' });
  try {
    for (const model of ['2nn', 'cnn'] as const) {
      const times: number[] = [];
      await runner.run(model, 1);
      for (let turn = 0; turn < FEW_TURNS[model]; turn++) times.push(await runner.run(model, 1));
      const params = { model, backend, batch: BATCH, runtime: 'chromium', kernels: 'stock' };
      yield { name: 'step-ms', unit: 'ms', value: round(median(times)), params };
    }
  } finally {
    await runner.close();
  }
}

async function* measureModel(
  runtime: string,
  model: '2nn' | 'cnn',
  runners: ReadonlyMap<Kernels, Runner>,
): AsyncGenerator<Figure> {
  const times = new Map<string, number[]>();
  for (const runner of runners.values())
    for (const name of ['matmul', model] as const) await runner.run(name, WARM_UPS);
  for (let turn = 0; turn < TURNS; turn++)
    for (const [kernels, runner] of runners)
      for (const name of ['matmul', model] as const) {
        const key = `${kernels} ${name}`;
        times.set(key, [...(times.get(key) ?? []), await runner.run(name, REPEATS[name])]);
      }
  for (const kernels of runners.keys()) {
    const params = { model, backend: 'wasm', batch: BATCH, runtime, kernels };
    const matmulMs = median(times.get(`${kernels} matmul`) ?? []);
    const stepMs = median(times.get(`${kernels} ${model}`) ?? []);
    yield { name: 'step-ms', unit: 'ms', value: round(stepMs), params };
    yield { name: 'matmul-gflops', unit: 'GFLOP/s', value: gigaflops(MATMUL_FLOP, matmulMs), params };
  }
}
