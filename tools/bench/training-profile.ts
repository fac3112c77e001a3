/**
 * The training-profile suite: where a step of McMahan's CNN at batch 32 spends its time, by layer and kernel, in
 * Node and in Chromium, on wasm with our kernels. Each figure is the fastest of its turns: what else the machine does
 * falls on the long kernels alone and would shift the shares. The step's time less its kernels' is what tfjs itself
 * needs: graph, bookkeeping, disposal.
 */
import type { Figure } from './figure.ts';
import { openPage } from './training/browser.ts';
import { type Part, partOf, PARTS } from './training/cnn-parts.ts';
import { gigaflops, MATMUL_FLOP, round } from './numbers.ts';
import { BATCH, type ProfiledStep, type Runner } from './training/protocol.ts';
import { openThread } from './training/thread-runner.ts';

const STEPS = 40;
const WARM_UPS = 3;
const RUNTIMES = { node: openThread, chromium: openPage } as const;
const DISPATCH: Part = { layer: 'all', part: 'dispatch' };

/** Yields step-ms and matmul-gflops, then a part-ms for each part of the step and its part-gflops where it has one. */
export async function* measureProfile(): AsyncGenerator<Figure> {
  for (const [runtime, open] of Object.entries(RUNTIMES)) {
    const runner = await open({ backend: 'wasm', kernels: 'ours' });
    try {
      yield* profileOf(runtime, runner);
    } finally {
      await runner.close();
    }
  }
}

async function* profileOf(runtime: string, runner: Runner): AsyncGenerator<Figure> {
  const params = { model: 'cnn', backend: 'wasm', batch: BATCH, runtime, kernels: 'ours' };
  const steps: ProfiledStep[] = [];
  const matmulMs: number[] = [];
  await runner.run('cnn', WARM_UPS);
  await runner.run('matmul', WARM_UPS);
  while (steps.length < STEPS) {
    matmulMs.push(await runner.run('matmul', 1));
    steps.push(...(await runner.profile(1)));
  }
  yield { name: 'step-ms', unit: 'ms', value: round(Math.min(...steps.map(({ ms }) => ms))), params };
  const speed = gigaflops(MATMUL_FLOP, Math.min(...matmulMs));
  yield { name: 'matmul-gflops', unit: 'GFLOP/s', value: speed, params };
  for (const part of [...PARTS, DISPATCH]) {
    const ms = Math.min(...steps.map((step) => msOf(part, step)));
    const at = { ...params, layer: part.layer, part: part.part };
    yield { name: 'part-ms', unit: 'ms', value: round(ms), params: at };
    if (part.flop !== undefined)
      yield { name: 'part-gflops', unit: 'GFLOP/s', value: gigaflops(part.flop, ms), params: at };
  }
}

function msOf(part: Part, { ms, calls }: ProfiledStep): number {
  const kernels = calls.filter((call) => part === DISPATCH || partOf(call) === part);
  const spent = kernels.reduce((sum, call) => sum + call.ms, 0);
  return part === DISPATCH ? ms - spent : spent;
}
