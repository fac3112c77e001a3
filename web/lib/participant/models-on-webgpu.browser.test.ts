import * as tf from '@tensorflow/tfjs-core';
import wasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startWasm } from '#shared/training/backend.ts';
import { examplesFor, jobOf, MODEL_CASES, type ModelCase } from '#shared/training/model-cases.ts';
import { trainLocally } from '#shared/training/trainer.ts';
import { required } from '#shared/training/backends/testing.ts';
import { webGpuCandidate } from '#shared/training/backends/webgpu.ts';

const STEPS = 2;
const FILES = {
  'tfjs-backend-wasm.wasm': wasmUrl,
  'tfjs-backend-wasm-simd.wasm': simdUrl,
  'tfjs-backend-wasm-threaded-simd.wasm': threadedUrl,
};

/** Of the largest change: 3e-6 was the most here, and 9e-4 with Adam, which magnifies gradients of almost 0. */
const tolerance = ({ training }: ModelCase): number => (training.optimizer.kind === 'adam' ? 3e-3 : 1e-5);

/** The delta and the losses of two steps on the backend that is set. */
async function train({ model, training, ...rest }: ModelCase) {
  const losses: number[] = [];
  const job = jobOf(
    { model, training, ...rest },
    {
      examples: examplesFor(model, STEPS * training.batchSize),
      onBatch: ({ loss }) => losses.push(loss),
    },
  );
  return { losses, delta: required(await trainLocally(job)).delta };
}

const largest = (values: Float32Array): number =>
  values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

// Seconds a step in software.
describe('every model trains on WebGPU as on wasm', { timeout: 120_000 }, () => {
  const webgpu = webGpuCandidate(navigator.gpu);
  beforeAll(async () => {
    required(await startWasm(FILES));
    required(await webgpu.start(true));
  });

  // A device that refused an operation is of no more use to the next model.
  afterEach(async () => {
    if ((await required(await webgpu.start(true)).fault()) !== null) webgpu.stop();
  });

  it.each(MODEL_CASES)('$name', async (modelCase) => {
    await tf.setBackend('wasm');
    const onWasm = await train(modelCase);
    const running = required(await webgpu.start(true));
    const tensors = tf.memory().numTensors;
    const onWebGpu = await train(modelCase);
    expect(await running.fault()).toBeNull();
    expect(tf.memory().numTensors).toBe(tensors);
    const difference = onWebGpu.delta.map((value, i) => value - (onWasm.delta[i] ?? Number.NaN));
    for (const [step, loss] of onWasm.losses.entries()) expect(onWebGpu.losses[step]).toBeCloseTo(loss, 4);
    expect(largest(difference)).toBeLessThan(tolerance(modelCase) * largest(onWasm.delta));
  });
});
