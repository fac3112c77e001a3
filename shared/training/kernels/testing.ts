/** Kernels side by side with tfjs's cpu backend, for the kernels' tests. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
// Registers the gradients, as the trainer does.
import '@tensorflow/tfjs-layers';
import { expect } from 'vitest';
import { seededRandom } from '../../base/random.ts';
import { registerKernels } from './register.ts';

export interface Operand {
  readonly shape: number[];
  readonly values: Float32Array | Int32Array;
}

/** In Node, where the backend finds its own files. */
export async function startKernels(): Promise<void> {
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (!(await tf.setBackend('wasm'))) throw new Error('wasm did not start');
  registerKernels();
}

/** Multiples of 2^-10 in [−1, 1), by label alone: their products are exact in float32. */
export function operand(label: string, shape: readonly number[]): Operand {
  const size = tf.util.sizeFromShape([...shape]);
  const words = new Uint16Array(seededRandom(label)(2 * size).buffer);
  return { shape: [...shape], values: Float32Array.from(words, (word) => (word >>> 5) / 1024 - 1) };
}

/** The kernel's result on the backend; leaves wasm in place. */
export async function compute(
  backend: 'wasm' | 'cpu',
  kernelName: string,
  inputs: Record<string, Operand>,
  attrs: tf.NamedAttrMap,
): Promise<Operand> {
  await tf.setBackend(backend);
  try {
    return tf.tidy(() => {
      const tensors: tf.NamedTensorMap = {};
      for (const [name, { shape, values }] of Object.entries(inputs))
        tensors[name] = tf.tensor(values, shape, values instanceof Int32Array ? 'int32' : 'float32');
      const result = tf.engine().runKernel<tf.Tensor>(kernelName, tensors, attrs);
      return { shape: result.shape, values: result.dataSync<'float32'>().slice() };
    });
  } finally {
    await tf.setBackend('wasm');
  }
}

/** Σ a · b: a directional derivative where a is a gradient. */
export function dot(a: Operand, b: Operand): number {
  let sum = 0;
  a.values.forEach((value, i) => (sum += value * (b.values[i] ?? Number.NaN)));
  return sum;
}

/** Equal shapes, and values equal but for the rounding of sums of `terms` values below 1. */
export function expectClose(actual: Operand, expected: Operand, terms: number): void {
  expect(actual.shape).toEqual(expected.shape);
  let difference = 0;
  actual.values.forEach((value, i) => {
    const distance = Math.abs(value - (expected.values[i] ?? Number.NaN));
    // A comparison that NaN fails.
    if (!(distance <= difference)) difference = distance;
  });
  expect(difference).toBeLessThan((terms + 1) * 2 ** -22);
}

/** Our kernel agrees with cpu's. */
export async function expectAgreement(
  kernelName: string,
  inputs: Record<string, Operand>,
  attrs: tf.NamedAttrMap,
  terms: number,
): Promise<void> {
  const ours = await compute('wasm', kernelName, inputs, attrs);
  expectClose(ours, await compute('cpu', kernelName, inputs, attrs), terms);
}
