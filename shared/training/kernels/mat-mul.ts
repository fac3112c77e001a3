/**
 * Matrix products. tfjs's BatchMatMul on wasm is fast only without transposes (1.3–2.9 GFLOP/s with one, 31–34
 * without); here a transposed operand costs its packing alone.
 */
import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../base/invariant.ts';
import { applyActivation } from './activation.ts';
import type { WasmHeap } from './heap.ts';

/**
 * BatchMatMul: a [.., m, k] · b [.., k, n] → [.., m, n] in float32; `transposeA`, `transposeB` say that an
 * operand is stored with its last two axes swapped; leading axes broadcast.
 */
export function matMulKernel(heap: WasmHeap): tf.KernelConfig {
  return {
    kernelName: tf.BatchMatMul,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) =>
      multiply(heap, inputs['a'], inputs['b'], attrs as unknown as tf.BatchMatMulAttrs),
  };
}

/** _FusedMatMul: activation(a · b + bias), bias [n] or a scalar's [1]. */
export function fusedMatMulKernel(heap: WasmHeap): tf.KernelConfig {
  return {
    kernelName: tf._FusedMatMul,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const fused = attrs as unknown as tf._FusedMatMulAttrs;
      const product = multiply(heap, inputs['a'], inputs['b'], fused);
      return applyActivation(heap, backend, product, {
        bias: inputs['bias'],
        preluWeights: inputs['preluActivationWeights'],
        activation: fused.activation,
        leakyreluAlpha: fused.leakyreluAlpha,
      });
    },
  };
}

function multiply(
  heap: WasmHeap,
  a: tf.TensorInfo | undefined,
  b: tf.TensorInfo | undefined,
  { transposeA, transposeB }: tf.BatchMatMulAttrs,
): tf.TensorInfo {
  invariant(a && b, 'a product has two operands');
  invariant(a.dtype === 'float32' && b.dtype === 'float32', 'matrix products on wasm are of float32');
  const [aRows, aColumns] = lastTwo(a.shape);
  const [bRows, bColumns] = lastTwo(b.shape);
  const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [inner, n] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  invariant(k === inner, `inner sizes agree: [${a.shape.join()}] · [${b.shape.join()}]`);
  const [aBatch, bBatch] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(aBatch, bBatch);
  const product = heap.output([...batch, m, n]);
  const [from, by, to] = [a, b, product].map((tensor) => heap.address(tensor)) as [number, number, number];
  heap.scratch(heap.kernels.matMulScratch(n, k), (scratch) => {
    for (let i = 0; i < tf.util.sizeFromShape(batch); i++)
      heap.kernels.matMul(
        from + 4 * m * k * broadcastIndex(i, batch, aBatch),
        Number(transposeA),
        by + 4 * k * n * broadcastIndex(i, batch, bBatch),
        Number(transposeB),
        to + 4 * m * n * i,
        m,
        n,
        k,
        scratch,
      );
  });
  return product;
}

function lastTwo(shape: readonly number[]): [number, number] {
  const [rows, columns] = shape.slice(-2);
  invariant(rows !== undefined && columns !== undefined, 'a matrix has two axes');
  return [rows, columns];
}

/** Which entry of a batch of shape `own` the flat `index` into the broadcast shape means. */
function broadcastIndex(index: number, shape: readonly number[], own: readonly number[]): number {
  let [rest, stride, at] = [index, 1, 0];
  for (let axis = 1; axis <= own.length; axis++) {
    const size = shape.at(-axis) ?? 1;
    const ownSize = own.at(-axis) ?? 1;
    if (ownSize > 1) at += (rest % size) * stride;
    rest = Math.floor(rest / size);
    stride *= ownSize;
  }
  return at;
}
