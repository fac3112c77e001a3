/** The tab's trainer: tfjs and its backends, loaded on first need, in the worker alone. */
import wasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { fail, ok } from '#shared/base/result.ts';
import type { Examples } from '#shared/data/examples.ts';
import type { BackendChoice, BackendWish } from '#shared/participant/backend-choice.ts';
import type { TrainerPort } from '#shared/participant/ports.ts';
import type { Evaluation } from '#shared/tasks/evaluation.ts';
import type { ModelSpecification } from '#shared/tasks/model.ts';
import { TrainingBackends } from '#shared/training/backends/training-backends.ts';
import { cpuCandidate, wasmCandidate } from '#shared/training/backends/wasm-and-cpu.ts';
import { webGpuCandidate } from '#shared/training/backends/webgpu.ts';
import { evaluate } from '#shared/training/evaluation.ts';
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
  /** As training/evaluation has it, on the backend that is started; gives the thread back after each batch. */
  evaluate(
    model: ModelSpecification,
    parameters: Float32Array,
    examples: Examples,
    signal: AbortSignal,
  ): Promise<Evaluation>;
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
  evaluate: (model, parameters, examples, signal) =>
    backends.run(async (broken) => {
      const breaks = macrotasks();
      try {
        return await evaluate(model, parameters, examples, {
          yieldThread: breaks.next,
          signal: AbortSignal.any([signal, broken]),
        });
      } finally {
        breaks.close();
      }
    }),
  train: (job) =>
    backends.run((broken) =>
      trainLocally({ ...job, signal: AbortSignal.any([job.signal, broken]) }, macrotasks(), pace),
    ),
};
