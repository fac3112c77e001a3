/** Sums by segment, which tfjs's wasm backend lacks: the gradient of a gather, hence of an embedding. */
import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../base/invariant.ts';
import type { WasmHeap } from './heap.ts';

/**
 * UnsortedSegmentSum: x [rows, ..] in float32, segmentIds [rows] in int32 → [numSegments, ..]; rows whose id
 * lies outside are dropped.
 */
export function unsortedSegmentSumKernel(heap: WasmHeap): tf.KernelConfig {
  return {
    kernelName: tf.UnsortedSegmentSum,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const { x, segmentIds } = inputs;
      invariant(x && segmentIds, 'a segment sum has values and ids');
      invariant(x.dtype === 'float32' && segmentIds.dtype === 'int32', 'float32 values, int32 ids');
      const [rows = 0, ...rest] = x.shape;
      invariant(segmentIds.shape.length === 1 && segmentIds.shape[0] === rows, 'one id a row');
      const { numSegments } = attrs as unknown as tf.UnsortedSegmentSumAttrs;
      const sums = heap.output([numSegments, ...rest]);
      heap.kernels.sumSegments(
        heap.address(x),
        heap.address(segmentIds),
        rows,
        tf.util.sizeFromShape(rest),
        heap.address(sums),
        numSegments,
      );
      return sums;
    },
  };
}
