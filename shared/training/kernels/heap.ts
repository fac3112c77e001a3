/**
 * Our kernels on the wasm backend's own memory: `../../wasm/kernels.ts` imports the memory that tfjs's module
 * exports, so a tensor is an address and nothing is copied.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { base64UrlToBytes } from '../../base/bytes.ts';
import { invariant } from '../../base/invariant.ts';
import { KERNELS_WASM } from '../../wasm/kernels.ts';

/** Exports of shared/wasm/assembly: addresses and sizes are numbers, booleans 0 or 1. */
type KernelName =
  | 'addBias'
  | 'convolve'
  | 'depthwiseFilterGradient'
  | 'depthwiseInputGradient'
  | 'descend'
  | 'filterGradient'
  | 'filterGradientScratch'
  | 'matMul'
  | 'matMulScratch'
  | 'maxPoolGradient'
  | 'packFilter'
  | 'packTurnedFilter'
  | 'packedFilterBytes'
  | 'patchOffsets'
  | 'reluGradient'
  | 'spread'
  | 'sumRows'
  | 'sumSegments';

export interface WasmHeap {
  readonly kernels: Readonly<Record<KernelName, (...values: number[]) => number>>;
  /** Where the tensor's values begin. */
  address(tensor: tf.TensorInfo): number;
  /** A new float32 tensor, its values undefined. */
  output(shape: number[]): tf.TensorInfo;
  /** Runs `use` with `bytes` of memory, freed when it ends. */
  scratch<T>(bytes: number, use: (address: number) => T): T;
  /** Writes i32 values. */
  writeIntegers(address: number, values: readonly number[]): void;
}

/** What tfjs's own module exports, of which its types say nothing. */
interface BackendExports {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(address: number): void;
}

function exportsOf(backend: BackendWasm): BackendExports {
  const exported: unknown = Reflect.get(backend.wasm, 'asm');
  invariant(typeof exported === 'object' && exported !== null, 'the wasm backend shows its exports');
  const { memory, malloc, free } = exported as Record<string, unknown>;
  invariant(memory instanceof WebAssembly.Memory, 'the wasm backend shows its memory');
  invariant(typeof malloc === 'function' && typeof free === 'function', 'and how to allocate in it');
  return { memory, malloc: malloc as BackendExports['malloc'], free: free as BackendExports['free'] };
}

/** Throws where the device has no SIMD or the backend does not show its memory. */
export function wasmHeap(backend: BackendWasm): WasmHeap {
  const { memory, malloc, free } = exportsOf(backend);
  const module = new WebAssembly.Module(base64UrlToBytes(KERNELS_WASM) as Uint8Array<ArrayBuffer>);
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return {
    kernels: instance.exports as WasmHeap['kernels'],
    address: ({ dataId }) => backend.getMemoryOffset(dataId),
    output: (shape) => backend.makeOutput(shape, 'float32'),
    scratch: (bytes, use) => {
      // Read as unsigned: addresses beyond 2 GiB come back negative.
      const address = malloc(bytes) >>> 0;
      invariant(address !== 0, `${bytes} bytes of scratch fit the wasm heap`);
      try {
        return use(address);
      } finally {
        free(address);
      }
    },
    writeIntegers: (address, values) => new Int32Array(memory.buffer, address, values.length).set(values),
  };
}
