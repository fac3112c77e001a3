/** The page's end of `../backends.ts`: bundled by Vite, driven through `globalThis`. */
import * as tf from '@tensorflow/tfjs-core';
import { startCpu, startWasm, type WasmFiles } from '#shared/training/backend.ts';
import {
  COMPARED_STEPS,
  distanceOf,
  type Distance,
  seededSteps,
  toleranceOf,
} from '#shared/training/backends/agreement.ts';
import { required } from '#shared/training/backends/testing.ts';
import { webGpuCandidate } from '#shared/training/backends/webgpu.ts';
import { MODEL_CASES } from '#shared/training/model-cases.ts';

export interface Agreement {
  readonly backend: 'wasm' | 'webgpu';
  readonly distance: Distance;
  readonly tolerance: Distance;
}

export interface PageGlobals {
  modelNames(): readonly string[];
  startBackends(files: WasmFiles): Promise<void>;
  compareBackends(model: string): Promise<readonly Agreement[]>;
}

const webgpu = webGpuCandidate(navigator.gpu);

async function startBackends(files: WasmFiles): Promise<void> {
  required(await startWasm(files));
  required(await startCpu());
}

/** Each backend against cpu. */
async function compareBackends(model: string): Promise<readonly Agreement[]> {
  const modelCase = MODEL_CASES.find(({ name }) => name === model);
  if (!modelCase) throw new Error(`no model is called ${model}`);
  await tf.setBackend('cpu');
  const onCpu = await seededSteps(modelCase, COMPARED_STEPS);
  await tf.setBackend('wasm');
  const onWasm = await seededSteps(modelCase, COMPARED_STEPS);
  const running = required(await webgpu.start(true));
  const onWebGpu = await seededSteps(modelCase, COMPARED_STEPS);
  const fault = await running.fault();
  if (fault !== null) throw new Error(fault);
  return [
    { backend: 'wasm', distance: distanceOf(onWasm, onCpu), tolerance: toleranceOf(modelCase, 'wasm') },
    { backend: 'webgpu', distance: distanceOf(onWebGpu, onCpu), tolerance: toleranceOf(modelCase, 'webgpu') },
  ];
}

const globals: PageGlobals = {
  modelNames: () => MODEL_CASES.map(({ name }) => name),
  startBackends,
  compareBackends,
};
Object.assign(globalThis, globals);
