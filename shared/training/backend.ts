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

/** The start that is under way or done; null before the first, and after one that failed. */
let starting: Promise<Result<string, string>> | null = null;
let pathsSet = false;

/**
 * Starts wasm, once a thread; the backend's name, or a sentence where it does not start. A start that failed is
 * tried again at the next call, with the files of the first (tfjs takes paths once). There is no fallback to the
 * cpu backend: a device without WebAssembly would hold up every round.
 */
export async function startBackend(files: WasmFiles): Promise<Result<string, string>> {
  starting ??= startWasm(files);
  const started = await starting;
  if (!started.ok) starting = null;
  return started;
}

async function startWasm(files: WasmFiles): Promise<Result<string, string>> {
  if (!pathsSet) setWasmPaths(files);
  pathsSet = true;
  // One thread a tab: many tabs share a machine, and no gain from threads was measured.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  try {
    const started = await tf.setBackend('wasm');
    if (!started || tf.getBackend() !== 'wasm') return fail('WebAssembly did not start on this device.');
  } catch (error) {
    return fail(`WebAssembly did not start: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!tf.env().getBool('WASM_HAS_SIMD_SUPPORT')) return fail('WebAssembly has no SIMD on this device.');
  registerKernels();
  return ok('wasm (SIMD)');
}
