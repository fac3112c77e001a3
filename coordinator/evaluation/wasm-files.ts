/** Where tfjs's wasm files lie in Node: the folder of the package's own entry. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { WasmFiles } from '#shared/training/backend.ts';

export function nodeWasmFiles(): WasmFiles {
  const folder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  const file = (name: string) => join(folder, name);
  return {
    'tfjs-backend-wasm.wasm': file('tfjs-backend-wasm.wasm'),
    'tfjs-backend-wasm-simd.wasm': file('tfjs-backend-wasm-simd.wasm'),
    'tfjs-backend-wasm-threaded-simd.wasm': file('tfjs-backend-wasm-threaded-simd.wasm'),
  };
}
