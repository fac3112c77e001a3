/** The gradient of relu in one pass over the memory, where tfjs's takes three: step, cast, product. */
import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../base/invariant.ts';
import type { WasmHeap } from './heap.ts';

const RELU_GRADIENT = 'ReluGradient';

/** ReluGradient: x and dy of one shape → dy where x > 0, else 0. */
export function reluGradientKernel(heap: WasmHeap): tf.KernelConfig {
  return {
    kernelName: RELU_GRADIENT,
    backendName: 'wasm',
    kernelFunc: ({ inputs }) => {
      const { x, dy } = inputs;
      invariant(x && dy && x.dtype === 'float32', 'a relu gradient has float32 x and dy');
      const dx = heap.output(x.shape);
      const count = tf.util.sizeFromShape(x.shape);
      heap.kernels.reluGradient(heap.address(x), heap.address(dy), count, heap.address(dx));
      return dx;
    },
  };
}

/**
 * Gradients are registered for all backends at once: those without the kernel keep tfjs's own. Nothing to do in a
 * thread that only evaluates and has loaded no gradients.
 */
export function registerReluGradient(): void {
  const stock = tf.getGradient(tf.Relu);
  if (!stock) return;
  tf.unregisterGradient(tf.Relu);
  tf.registerGradient({
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const [x] = saved;
      if (!x || Array.isArray(dy) || x.dtype !== 'float32' || !tf.getKernel(RELU_GRADIENT, tf.getBackend()))
        return stock.gradFunc(dy, saved, attrs);
      return { x: () => tf.engine().runKernel<tf.Tensor>(RELU_GRADIENT, { x, dy }) };
    },
  });
}
