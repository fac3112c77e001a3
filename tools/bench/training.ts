/**
 * The training suite: an SGD step of two models, ours beside stock TF.js, in Node and in Chromium. The two sides
 * take turns, so that whatever else the machine does falls on both; each figure is the median of its turns.
 */
import type { Figure } from './figure.ts';
import { openPage } from './training/browser.ts';
import { BATCH, type Kernels, type Runner, type WorkloadName } from './training/protocol.ts';
import { openThread } from './training/thread-runner.ts';

const MODELS = { '2nn': { turns: 12, repeats: 10 }, cnn: { turns: 12, repeats: 1 } } as const;
const MATMUL_REPEATS = 5;
const MATMUL_FLOP = 2 * 512 ** 3;
const WARM_UPS = 3;
const SIDES: readonly Kernels[] = ['stock', 'ours'];
const RUNTIMES = { node: openThread, chromium: openPage } as const;

/** Yields step-ms and, measured between a model's steps, matmul-gflops. */
export async function* measureTraining(): AsyncGenerator<Figure> {
  for (const [runtime, open] of Object.entries(RUNTIMES)) {
    const runners = new Map<Kernels, Runner>();
    try {
      for (const kernels of SIDES) runners.set(kernels, await open(kernels));
      for (const model of ['2nn', 'cnn'] as const) yield* measureModel(runtime, model, runners);
    } finally {
      for (const runner of runners.values()) await runner.close();
    }
  }
}

async function* measureModel(
  runtime: string,
  model: keyof typeof MODELS,
  runners: ReadonlyMap<Kernels, Runner>,
): AsyncGenerator<Figure> {
  const { turns, repeats } = MODELS[model];
  const times = new Map<string, number[]>();
  const turn = async (kernels: Kernels, runner: Runner, name: WorkloadName, count: number) => {
    const key = `${kernels} ${name}`;
    times.set(key, [...(times.get(key) ?? []), ...(await runner.run(name, count))]);
  };
  for (const runner of runners.values())
    for (const name of ['matmul', model] as const) await runner.run(name, WARM_UPS);
  for (let i = 0; i < turns; i++)
    for (const [kernels, runner] of runners) {
      await turn(kernels, runner, 'matmul', MATMUL_REPEATS);
      await turn(kernels, runner, model, repeats);
    }
  for (const kernels of runners.keys()) {
    const params = { model, backend: 'wasm', batch: BATCH, runtime, kernels };
    const matmulMs = median(times.get(`${kernels} matmul`) ?? []);
    const stepMs = median(times.get(`${kernels} ${model}`) ?? []);
    yield { name: 'step-ms', unit: 'ms', value: round(stepMs), params };
    yield { name: 'matmul-gflops', unit: 'GFLOP/s', value: round(MATMUL_FLOP / matmulMs / 1e6), params };
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** To three decimals. */
function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
