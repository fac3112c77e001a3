/** Kernels that replace those of tfjs's WebGPU backend where they ask for more than a device need offer. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../base/invariant.ts';

const BACKEND = 'webgpu';

/**
 * Every device binds eight buffers to a shader (WebGPU, "Limits"), one of them the output. The backend asks for no
 * more, and yet binds all the operands of an AddN at once.
 */
const OPERANDS = 7;

let registered = false;

/** After tfjs has registered its own. */
export function registerWebGpuKernels(): void {
  if (registered) return;
  registered = true;
  const stock = tf.getKernel(tf.AddN, BACKEND);
  invariant(stock, 'tfjs’s kernels are registered');
  tf.unregisterKernel(tf.AddN, BACKEND);
  tf.registerKernel({ ...stock, kernelFunc: addInGroups(stock.kernelFunc) });
}

/** AddN of as many operands as there are, by sums of at most OPERANDS. */
function addInGroups(addFew: tf.KernelFunc): tf.KernelFunc {
  return ({ inputs, backend, attrs }) => {
    const sumOf = (operands: readonly tf.TensorInfo[]): tf.TensorInfo => {
      // tfjs hands the list itself over, which its types do not tell.
      const sum = addFew({
        inputs: operands as unknown as tf.NamedTensorInfoMap,
        backend,
        ...(attrs && { attrs }),
      });
      invariant(!Array.isArray(sum), 'a sum is one tensor');
      return sum;
    };
    const operands = Object.values(inputs).filter((operand) => operand !== undefined);
    let sum = sumOf(operands.slice(0, OPERANDS));
    for (let at = OPERANDS; at < operands.length; at += OPERANDS - 1) {
      const partial = sum;
      sum = sumOf([partial, ...operands.slice(at, at + OPERANDS - 1)]);
      (backend as WebGPUBackend).disposeData(partial.dataId);
    }
    return sum;
  };
}
