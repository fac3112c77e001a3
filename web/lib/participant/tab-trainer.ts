/** The tab's trainer: tfjs and its backends, loaded on first need, in the worker alone. */
import wasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { fail, ok } from '#shared/base/result.ts';
import type { BackendChoice, BackendWish } from '#shared/participant/backend-choice.ts';
import type { TrainerPort } from '#shared/participant/ports.ts';
import { TrainingBackends } from '#shared/training/backends/training-backends.ts';
import { cpuCandidate, wasmCandidate } from '#shared/training/backends/wasm-and-cpu.ts';
import { webGpuCandidate } from '#shared/training/backends/webgpu.ts';
import { AdjustablePace } from '#shared/training/pace.ts';
import { macrotasks, trainLocally } from '#shared/training/trainer.ts';
import { BackendMemory } from './backend-choice.ts';

const memory = new BackendMemory();
const wasm = wasmCandidate({
  'tfjs-backend-wasm.wasm': wasmUrl,
  'tfjs-backend-wasm-simd.wasm': simdUrl,
  'tfjs-backend-wasm-threaded-simd.wasm': threadedUrl,
});
const backends = new TrainingBackends([webGpuCandidate(navigator.gpu), wasm, cpuCandidate], {
  nowMs: () => performance.now(),
  kept: memory,
});

const pace = new AdjustablePace({
  nowMs: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
});

/** `pace` is for the person at the tab: pause, resume, and the share of time that training may take. */
export const tabTrainer: TrainerPort & {
  readonly pace: AdjustablePace;
  choice(): BackendChoice | null;
  wish(): Promise<BackendWish>;
  setWish(wish: BackendWish): Promise<void>;
  forget(): Promise<void>;
} = {
  pace,
  choice: () => backends.choice,
  wish: () => memory.wish(),
  setWish: (wish) => memory.setWish(wish),
  forget: () => memory.clear(),
  start: async () => {
    const choice = await backends.start(await memory.wish());
    return choice.ok ? ok(choice.value.label) : fail({ code: 'backend', detail: choice.fault });
  },
  train: (job) =>
    backends.run((broken) =>
      trainLocally({ ...job, signal: AbortSignal.any([job.signal, broken]) }, macrotasks(), pace),
    ),
};
