/** A step of gradient descent in place: one pass over the memory where tfjs's operations take three. */
import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../base/invariant.ts';
import type { WasmHeap } from './heap.ts';

const DESCEND = 'Descend';

/** Descend: variable −= rate · gradient, both float32 of one shape. Gives no tensor. */
export function descendKernel(heap: WasmHeap): tf.KernelConfig {
  return {
    kernelName: DESCEND,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const { variable, gradient } = inputs;
      invariant(variable && gradient, 'a descent has a variable and a gradient');
      const count = tf.util.sizeFromShape(variable.shape);
      invariant(count === tf.util.sizeFromShape(gradient.shape), 'a gradient has its variable’s size');
      const { rate } = attrs as { rate: number };
      heap.kernels.descend(heap.address(variable), heap.address(gradient), count, rate);
      return [];
    },
  };
}

/** variable −= rate · gradient on any backend; in place where it can be, and no other tensor shares the data. */
export function descend(variable: tf.Variable, gradient: tf.Tensor, rate: number): void {
  const backend = tf.backend();
  if (tf.getKernel(DESCEND, tf.getBackend()) && backend.refCount(variable.dataId) === 1)
    tf.engine().runKernel(DESCEND, { variable, gradient }, { rate });
  else tf.tidy(() => variable.assign(tf.sub(variable, tf.mul(gradient, rate))));
}
