/**
 * Identity without a copy. tfjs keeps what a gradient will need by cloning it, and its wasm backend copies the
 * values each time; nothing but `descend` writes in place, and that looks at the references first.
 */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../base/invariant.ts';

/** Identity: x of any shape and type → a tensor that shares its data. */
export function identityKernel(): tf.KernelConfig {
  return {
    kernelName: tf.Identity,
    backendName: 'wasm',
    kernelFunc: ({ inputs, backend }) => {
      const { x } = inputs;
      invariant(x, 'an identity has an operand');
      (backend as BackendWasm).incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    },
  };
}
