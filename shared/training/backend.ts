/**
 * Starting a tfjs backend in a worker or in Node. `tf.setBackend` answers false where it fails and leaves
 * another backend in place, so its answer is checked, never assumed; its name alone
 * proves nothing: after a failed start `tf.getBackend()` says "wasm" all the same.
 */
import * as tf from '@tensorflow/tfjs-core';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { fail, ok, type Result } from '../base/result.ts';
import { registerKernels } from './kernels/register.ts';

/** Where the wasm files are: URLs in a page, paths in Node. */
export interface WasmFiles {
  readonly 'tfjs-backend-wasm.wasm': string;
  readonly 'tfjs-backend-wasm-simd.wasm': string;
  readonly 'tfjs-backend-wasm-threaded-simd.wasm': string;
}

/** What the cpu backend costs, said wherever it is taken. */
export const CPU_IS_SLOW =
  'Plain JavaScript is slow: a step takes forty times as long as on wasm, and with convolutions over a hundred times.';

/** The start that is under way or done; null before the first, and after one that failed. */
let starting: Promise<Result<string, string>> | null = null;
let pathsSet = false;

/**
 * Starts wasm, or cpu on a device without WebAssembly or its SIMD; once a thread. The backend's name, or a
 * sentence where it does not start. Wasm files that cannot be had are no property of the device: then nothing is
 * started, and the next call tries again, with the files of the first (tfjs takes paths once).
 */
export async function startBackend(files: WasmFiles): Promise<Result<string, string>> {
  starting ??= startFitting(files);
  const started = await starting;
  if (!started.ok) starting = null;
  return started;
}

async function startFitting(files: WasmFiles): Promise<Result<string, string>> {
  return (await wasmMisfit()) === null ? startWasm(files) : startCpu();
}

/** Why this device cannot run our wasm; null where it can. */
export async function wasmMisfit(): Promise<string | null> {
  if (typeof WebAssembly !== 'object') return 'This device has no WebAssembly.';
  return (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) === true
    ? null
    : 'WebAssembly has no SIMD on this device.';
}

/** The device must have SIMD. Where wasm runs already it becomes the current backend. */
export async function startWasm(files: WasmFiles): Promise<Result<string, string>> {
  if (!pathsSet) setWasmPaths(files);
  pathsSet = true;
  // One thread a tab: our kernels work on memory that is not shared, and TF.js's threaded build was no faster when
  // measured in an isolated page: it reports one thread, and products and convolutions take as long.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  try {
    const started = await tf.setBackend('wasm');
    if (!started || tf.getBackend() !== 'wasm') return fail('WebAssembly did not start on this device.');
  } catch (error) {
    return fail(`WebAssembly did not start: ${error instanceof Error ? error.message : String(error)}`);
  }
  registerKernels();
  return ok('wasm (SIMD)');
}

/** Plain JavaScript: runs everywhere. Loaded on first need. */
export async function startCpu(): Promise<Result<string, string>> {
  await import('@tensorflow/tfjs-backend-cpu');
  const started = await tf.setBackend('cpu');
  return started && tf.getBackend() === 'cpu' ? ok('cpu') : fail('The cpu backend did not start.');
}
