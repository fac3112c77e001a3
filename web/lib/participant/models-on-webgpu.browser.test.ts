import * as tf from '@tensorflow/tfjs-core';
import wasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startWasm } from '#shared/training/backend.ts';
import { MODEL_CASES } from '#shared/training/model-cases.ts';
import { COMPARED_STEPS, distanceOf, seededSteps, toleranceOf } from '#shared/training/backends/agreement.ts';
import { required } from '#shared/training/backends/testing.ts';
import { webGpuCandidate } from '#shared/training/backends/webgpu.ts';

const FILES = {
  'tfjs-backend-wasm.wasm': wasmUrl,
  'tfjs-backend-wasm-simd.wasm': simdUrl,
  'tfjs-backend-wasm-threaded-simd.wasm': threadedUrl,
};

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
    const onWasm = await seededSteps(modelCase, COMPARED_STEPS);
    const running = required(await webgpu.start(true));
    const tensors = tf.memory().numTensors;
    const onWebGpu = await seededSteps(modelCase, COMPARED_STEPS);
    expect(await running.fault()).toBeNull();
    expect(tf.memory().numTensors).toBe(tensors);
    const { losses, weights } = distanceOf(onWebGpu, onWasm);
    const most = toleranceOf(modelCase, 'webgpu');
    expect(losses).toBeLessThan(most.losses);
    expect(weights).toBeLessThan(most.weights);
  });
});
