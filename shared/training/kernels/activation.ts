/** Bias and activation after a product or a convolution, as tfjs's fused kernels have them. */
import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../base/invariant.ts';
import type { WasmHeap } from './heap.ts';

export interface Epilogue {
  /** [n] of the last axis. */
  readonly bias: tf.TensorInfo | undefined;
  readonly preluWeights: tf.TensorInfo | undefined;
  readonly activation: string;
  readonly leakyreluAlpha: number | undefined;
}

/** The backend's own kernels for what is not computed in place. */
const KERNELS: Readonly<Record<string, string>> = {
  relu6: tf.Relu6,
  elu: tf.Elu,
  sigmoid: tf.Sigmoid,
  leakyrelu: tf.LeakyRelu,
  prelu: tf.Prelu,
};

/** activation(sums [.., n] + bias); takes `sums` over, which must be fresh. */
export function applyActivation(
  heap: WasmHeap,
  backend: unknown,
  sums: tf.TensorInfo,
  { bias, preluWeights, activation, leakyreluAlpha }: Epilogue,
): tf.TensorInfo {
  if (bias) {
    const columns = sums.shape.at(-1) ?? 1;
    invariant(
      bias.shape.length === 1 && bias.shape[0] === columns,
      `a fused bias has one value a column: [${bias.shape.join()}] for ${columns}`,
    );
    const rows = tf.util.sizeFromShape(sums.shape) / columns;
    heap.kernels.addBias(
      heap.address(sums),
      rows,
      columns,
      heap.address(bias),
      Number(activation === 'relu'),
    );
    if (activation === 'relu') return sums;
  }
  if (activation === 'linear') return sums;
  const kernel = tf.getKernel(activation === 'relu' ? tf.Relu : (KERNELS[activation] ?? activation), 'wasm');
  invariant(kernel, `the wasm backend has the activation ${activation}`);
  const inputs = preluWeights ? { x: sums, alpha: preluWeights } : { x: sums };
  const attrs = leakyreluAlpha === undefined ? {} : { alpha: leakyreluAlpha };
  const [activated] = [kernel.kernelFunc({ inputs, attrs, backend: backend as tf.KernelBackend })].flat();
  invariant(activated, 'an activation gives a tensor');
  (backend as tf.KernelBackend).disposeData(sums.dataId);
  return activated;
}
