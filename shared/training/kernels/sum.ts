/** Sums over leading axes: the gradient of every bias. tfjs's wasm backend transposes the whole tensor first. */
import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../base/invariant.ts';
import type { WasmHeap } from './heap.ts';

/**
 * Sum: x [a, .., b, ..] over `axis`. Ours where x is float32 and the axes are its first ones, and not all; the
 * backend's own kernel runs for the rest.
 */
export function sumKernel(heap: WasmHeap): tf.KernelConfig {
  const stock = tf.getKernel(tf.Sum, 'wasm');
  invariant(stock, 'the wasm backend has Sum');
  return {
    kernelName: tf.Sum,
    backendName: 'wasm',
    kernelFunc: (call) => {
      const { x } = call.inputs;
      const { axis, keepDims } = call.attrs as unknown as tf.SumAttrs;
      invariant(x, 'a sum has an operand');
      const axes = tf.util.parseAxisParam(axis, x.shape);
      const leading = axes.length < x.shape.length && axes.every((_, i) => axes.includes(i));
      if (x.dtype !== 'float32' || axes.length === 0 || !leading) return stock.kernelFunc(call);
      const rest = x.shape.slice(axes.length);
      const sums = heap.output(keepDims ? [...axes.map(() => 1), ...rest] : rest);
      const columns = tf.util.sizeFromShape(rest);
      const rows = tf.util.sizeFromShape(x.shape.slice(0, axes.length));
      heap.kernels.sumRows(heap.address(x), rows, columns, heap.address(sums));
      return sums;
    },
  };
}
