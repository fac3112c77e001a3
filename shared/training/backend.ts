/**
 * Starting a tfjs backend in a worker or in Node. `tf.setBackend` answers false where it fails and leaves
 * another backend in place, so the name is checked, never assumed.
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

/** Starts wasm, once a thread; the backend's name, or a sentence where it does not start. */
export async function startBackend(files: WasmFiles): Promise<Result<string, string>> {
  if (tf.getBackend() === 'wasm') return ok('wasm');
  setWasmPaths(files);
  // One thread a tab: many tabs share a machine, and no gain from threads was measured.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  try {
    const started = await tf.setBackend('wasm');
    if (!started || tf.getBackend() !== 'wasm') return fail('WebAssembly did not start on this device.');
  } catch (error) {
    return fail(`WebAssembly did not start: ${error instanceof Error ? error.message : String(error)}`);
  }
  registerKernels();
  return ok(tf.env().getBool('WASM_HAS_SIMD_SUPPORT') ? 'wasm (SIMD)' : 'wasm');
}
