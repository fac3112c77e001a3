/**
 * BatchMatMul on wasm is fast only without transposes (measured: 31–34 GFLOP/s against 1.3–2.9 with one):
 * transposing first and multiplying then is the same arithmetic, several times faster.
 */
import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../base/invariant.ts';

/** [.., m, k] · [.., k, n] → [.., m, n]; `transposeA`, `transposeB` swap the last two axes of an operand first. */
export function registerMatMul(): void {
  const stock = tf.getKernel(tf.BatchMatMul, 'wasm');
  const transpose = tf.getKernel(tf.Transpose, 'wasm');
  invariant(stock && transpose, 'the wasm backend has BatchMatMul and Transpose');
  tf.unregisterKernel(tf.BatchMatMul, 'wasm');
  tf.registerKernel({
    ...stock,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const made: tf.TensorInfo[] = [];
      const straight = (operand: tf.TensorInfo, swap: boolean): tf.TensorInfo => {
        if (!swap) return operand;
        const rank = operand.shape.length;
        const perm = [...operand.shape.keys()];
        [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
        const [swapped] = [transpose.kernelFunc({ inputs: { x: operand }, attrs: { perm }, backend })].flat();
        invariant(swapped, 'a transpose gives a tensor');
        made.push(swapped);
        return swapped;
      };
      const { transposeA, transposeB } = attrs as unknown as tf.BatchMatMulAttrs;
      const { a, b } = inputs;
      invariant(a && b, 'BatchMatMul has two operands');
      const straightened = { a: straight(a, transposeA), b: straight(b, transposeB) };
      const product = stock.kernelFunc({
        inputs: straightened,
        attrs: { transposeA: false, transposeB: false },
        backend,
      });
      for (const tensor of made) (backend as tf.KernelBackend).disposeData(tensor.dataId);
      return product;
    },
  });
}
