/** The tab's trainer: tfjs and its wasm files, loaded on first need, in the worker alone. */
import wasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { fail } from '#shared/base/result.ts';
import type { TrainerPort } from '#shared/participant/ports.ts';
import { startBackend } from '#shared/training/backend.ts';
import { trainLocally } from '#shared/training/trainer.ts';

export const tabTrainer: TrainerPort = {
  start: async () => {
    const backend = await startBackend({
      'tfjs-backend-wasm.wasm': wasmUrl,
      'tfjs-backend-wasm-simd.wasm': simdUrl,
      'tfjs-backend-wasm-threaded-simd.wasm': threadedUrl,
    });
    return backend.ok ? backend : fail({ code: 'backend', detail: backend.fault });
  },
  train: trainLocally,
};
