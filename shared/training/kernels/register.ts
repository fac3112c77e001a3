/** Kernels that replace or complete tfjs's wasm backend; called once a thread, after it has started. */
import * as tf from '@tensorflow/tfjs-core';
import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { invariant } from '../../base/invariant.ts';
import {
  conv2dFilterGradientKernel,
  conv2dInputGradientKernel,
  conv2dKernel,
  fusedConv2dKernel,
} from './conv2d.ts';
import { depthwiseFilterGradientKernel, depthwiseInputGradientKernel } from './depthwise-gradients.ts';
import { descendKernel } from './descend.ts';
import { wasmHeap } from './heap.ts';
import { identityKernel } from './identity.ts';
import { fusedMatMulKernel, matMulKernel } from './mat-mul.ts';
import { maxPoolGradKernel } from './max-pool-grad.ts';
import { reluGradientKernel, registerReluGradient } from './relu-gradient.ts';
import { sumKernel } from './sum.ts';
import { unsortedSegmentSumKernel } from './unsorted-segment-sum.ts';

const KERNELS = [
  conv2dFilterGradientKernel,
  conv2dInputGradientKernel,
  conv2dKernel,
  depthwiseFilterGradientKernel,
  depthwiseInputGradientKernel,
  descendKernel,
  fusedConv2dKernel,
  fusedMatMulKernel,
  identityKernel,
  matMulKernel,
  maxPoolGradKernel,
  reluGradientKernel,
  sumKernel,
  unsortedSegmentSumKernel,
];

let registered = false;

/** The wasm backend must be the current one, and run with SIMD. */
export function registerKernels(): void {
  if (registered) return;
  const backend = tf.backend();
  invariant(backend instanceof BackendWasm, 'the wasm backend is started');
  const heap = wasmHeap(backend);
  for (const kernelOf of KERNELS) {
    const kernel = kernelOf(heap);
    if (tf.getKernel(kernel.kernelName, 'wasm')) tf.unregisterKernel(kernel.kernelName, 'wasm');
    tf.registerKernel(kernel);
  }
  registerReluGradient();
  registered = true;
}
