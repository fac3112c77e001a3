/** Pages of the benches that compute on tfjs: with its wasm files, and with WebGPU in software where asked for. */
import type { WasmFiles } from '#shared/training/backend.ts';
import { nodeWasmFiles } from '../../../coordinator/evaluation/wasm-files.ts';
import { openScriptPage, type ScriptPage } from '../script-page.ts';

/** Where a page finds them. */
export const PAGE_WASM_FILES: WasmFiles = {
  'tfjs-backend-wasm.wasm': '/tfjs-backend-wasm.wasm',
  'tfjs-backend-wasm-simd.wasm': '/tfjs-backend-wasm-simd.wasm',
  'tfjs-backend-wasm-threaded-simd.wasm': '/tfjs-backend-wasm-threaded-simd.wasm',
};

/** Chromium has no WebGPU here otherwise. */
const SOFTWARE_WEBGPU = '--enable-unsafe-webgpu';

export async function openTensorPage(entry: string): Promise<ScriptPage> {
  return openScriptPage(entry, { wasmFiles: { ...nodeWasmFiles() }, browserArgs: [SOFTWARE_WEBGPU] });
}
