/** What training holds on the wasm backend: in tensors, and in WebAssembly's memory, which never shrinks. */
import * as tf from '@tensorflow/tfjs-core';
import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { invariant } from '../../base/invariant.ts';

export interface MemorySizes {
  readonly tensors: number;
  readonly tensorBytes: number;
  /** Of the whole module, its scratch and what it freed included. */
  readonly heapBytes: number;
}

/** The wasm backend must be the current one. */
export function memorySizes(): MemorySizes {
  const backend = tf.backend();
  invariant(backend instanceof BackendWasm, 'wasm is the backend in use');
  const { numTensors, numBytes } = tf.memory();
  const heap: unknown = Reflect.get(backend.wasm, 'HEAPU8');
  invariant(heap instanceof Uint8Array, 'the module shows its heap');
  return { tensors: numTensors, tensorBytes: numBytes, heapBytes: heap.byteLength };
}
