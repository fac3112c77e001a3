/** Gradients of the depthwise convolution, which tfjs's wasm backend lacks; any stride, dilation, multiplier. */
import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../base/invariant.ts';
import type { WasmHeap } from './heap.ts';

type Sizes = tf.backend_util.Conv2DInfo;
type DepthwiseAttributes = Pick<
  tf.DepthwiseConv2dNativeBackpropInputAttrs,
  'strides' | 'dilations' | 'pad' | 'dimRoundingMode'
>;

/**
 * DepthwiseConv2dNativeBackpropInput: dy [images, outHeight, outWidth, in · multiplier] and filter
 * [filterHeight, filterWidth, in, multiplier] → dx of `inputShape`.
 */
export function depthwiseInputGradientKernel(heap: WasmHeap): tf.KernelConfig {
  return {
    kernelName: tf.DepthwiseConv2dNativeBackpropInput,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const { dy, filter } = inputs;
      const attributes = attrs as unknown as tf.DepthwiseConv2dNativeBackpropInputAttrs;
      invariant(dy && filter, 'an input gradient has dy and a filter');
      const sizes = sizesOf(attributes.inputShape, filter.shape, attributes);
      const dx = heap.output(sizes.inShape);
      withRecord(heap, sizes, (record) =>
        heap.kernels.depthwiseInputGradient(heap.address(dy), heap.address(filter), heap.address(dx), record),
      );
      return dx;
    },
  };
}

/** DepthwiseConv2dNativeBackpropFilter: x and dy → the gradient of the filter of `filterShape`. */
export function depthwiseFilterGradientKernel(heap: WasmHeap): tf.KernelConfig {
  return {
    kernelName: tf.DepthwiseConv2dNativeBackpropFilter,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const { x, dy } = inputs;
      const attributes = attrs as unknown as tf.DepthwiseConv2dNativeBackpropFilterAttrs;
      invariant(x && dy, 'a filter gradient has an image and dy');
      const sizes = sizesOf(x.shape, attributes.filterShape, attributes);
      const gradient = heap.output(sizes.filterShape);
      withRecord(heap, sizes, (record) =>
        heap.kernels.depthwiseFilterGradient(
          heap.address(x),
          heap.address(dy),
          heap.address(gradient),
          record,
        ),
      );
      return gradient;
    },
  };
}

function sizesOf(inputShape: number[], filterShape: number[], attributes: DepthwiseAttributes): Sizes {
  const { strides, dilations, pad, dimRoundingMode } = attributes;
  return tf.backend_util.computeConv2DInfo(
    inputShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides,
    dilations,
    pad,
    dimRoundingMode,
    true,
  );
}

/** The record `Sizes` of shared/wasm/assembly/depthwise.as, in its order. */
function withRecord(heap: WasmHeap, sizes: Sizes, use: (record: number) => void): void {
  const record = [
    sizes.batchSize,
    sizes.inHeight,
    sizes.inWidth,
    sizes.inChannels,
    sizes.outChannels / sizes.inChannels,
    sizes.outHeight,
    sizes.outWidth,
    sizes.filterHeight,
    sizes.filterWidth,
    sizes.strideHeight,
    sizes.strideWidth,
    sizes.dilationHeight,
    sizes.dilationWidth,
    sizes.padInfo.top,
    sizes.padInfo.left,
  ];
  heap.scratch(4 * record.length, (address) => {
    heap.writeIntegers(address, record);
    use(address);
  });
}
