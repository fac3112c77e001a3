/**
 * Training on a graphics device. Its faults come late and beside the results: a lost device and a refused
 * operation both leave zeros behind, which look like numbers. So the device is watched, and asked after each run.
 */
import * as tf from '@tensorflow/tfjs-core';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Candidate, RunningBackend } from './candidate.ts';
import { registerWebGpuKernels } from './webgpu-kernels.ts';

const NAME = 'webgpu';
/** Written to the device and read back, to hear whether it still answers. */
const PROBE = 0x43_48_4f_52;
const LOST = 'The graphics device was lost.';

/** `gpu` is the browser's; undefined where it has none, as on plain-http pages. */
export function webGpuCandidate(gpu: GPU | undefined): Candidate {
  let running: RunningBackend | null = null;
  return {
    name: NAME,
    lastResort: false,
    start: async (wished) => {
      if (
        running !== null &&
        !running.broken.aborted &&
        (await tf.setBackend(NAME)) &&
        tf.getBackend() === NAME
      )
        return ok(running);
      const started = await startWebGpu(gpu, wished);
      running = started.ok ? started.value : null;
      return started;
    },
    stop: () => {
      running = null;
      const factory = tf.findBackendFactory(NAME);
      tf.removeBackend(NAME);
      // For another start, on another device.
      if (factory) tf.registerBackend(NAME, factory);
    },
  };
}

/** An adapter that is software is slower than wasm, so it is taken only where `softwareToo`. */
async function startWebGpu(
  gpu: GPU | undefined,
  softwareToo: boolean,
): Promise<Result<RunningBackend, string>> {
  try {
    // As tfjs will ask for it.
    const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) return fail('This browser offers no WebGPU here.');
    const software = isSoftware(adapter);
    if (software && !softwareToo)
      return fail('WebGPU has no graphics hardware here: its software is slower than wasm.');
    const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
    registerWebGpuKernels();
    const started = await tf.setBackend(NAME);
    const backend = tf.backend();
    if (!started || tf.getBackend() !== NAME || !(backend instanceof WebGPUBackend))
      return fail('WebGPU did not start on this device.');
    return ok(watched(backend.device, software ? 'webgpu (software)' : 'webgpu'));
  } catch (error) {
    return fail(`WebGPU did not start: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Browsers have moved the flag from the adapter to its description; some software names itself only. */
function isSoftware(adapter: GPUAdapter): boolean {
  const { info } = adapter;
  const flags = [Reflect.get(adapter, 'isFallbackAdapter'), Reflect.get(info, 'isFallbackAdapter')];
  const names = `${info.architecture} ${info.device} ${info.description}`;
  return flags.includes(true) || /swiftshader|llvmpipe|lavapipe|basic render/i.test(names);
}

function watched(device: GPUDevice, label: string): RunningBackend {
  const broken = new AbortController();
  let fault: string | null = null;
  const breakDown = (sentence: string) => {
    fault ??= sentence;
    broken.abort();
  };
  void device.lost.then(() => breakDown(LOST));
  device.addEventListener('uncapturederror', ({ error }) =>
    breakDown(`The graphics device refused an operation: ${error.message}`),
  );
  return {
    label,
    broken: broken.signal,
    fault: async () => {
      if (!(await answers(device))) breakDown(LOST);
      return fault;
    },
    // Out of its memory, a kernel that is missing, a device that was lost: each is of WebGPU alone.
    breaksOn: () => true,
  };
}

/** Errors of earlier operations have arrived when this ends: the device works in order. */
async function answers(device: GPUDevice): Promise<boolean> {
  try {
    const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(buffer, 0, Uint32Array.of(PROBE));
    await buffer.mapAsync(GPUMapMode.READ);
    const [read] = new Uint32Array(buffer.getMappedRange());
    buffer.destroy();
    return read === PROBE;
  } catch {
    return false;
  }
}
