/** Times the wasm backend's kernels from within: each is wrapped while it records. */
import * as tf from '@tensorflow/tfjs-core';
import type { KernelCall } from './protocol.ts';

const BACKEND = 'wasm';

/** The kernels that `work` calls, in the order in which they end, each with its own time. */
export async function recordKernels(work: () => Promise<unknown>): Promise<readonly KernelCall[]> {
  const calls: KernelCall[] = [];
  /** Time of the calls that each kernel under way has made itself, the innermost last. */
  const inner: number[] = [];
  const wrapped = ({ kernelName, kernelFunc, ...rest }: tf.KernelConfig): tf.KernelConfig => ({
    ...rest,
    kernelName,
    kernelFunc: (call) => {
      inner.push(0);
      const start = performance.now();
      const results = kernelFunc(call);
      const ms = performance.now() - start;
      const own = ms - (inner.pop() ?? 0);
      if (inner.length > 0) inner.push((inner.pop() ?? 0) + ms);
      const [operand] = Object.values(call.inputs);
      calls.push({
        kernel: kernelName,
        operand: sizesOf(operand),
        result: sizesOf([results].flat()[0]),
        ms: own,
      });
      return results;
    },
  });
  const stock = tf.getKernelsForBackend(BACKEND);
  stock.forEach((kernel) => replace(wrapped(kernel)));
  try {
    await work();
  } finally {
    stock.forEach(replace);
  }
  return calls;
}

function replace(kernel: tf.KernelConfig): void {
  tf.unregisterKernel(kernel.kernelName, BACKEND);
  tf.registerKernel(kernel);
}

const sizesOf = (tensor: tf.TensorInfo | undefined): string => tensor?.shape.join('x') ?? '';
