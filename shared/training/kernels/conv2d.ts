/**
 * Convolution and its gradients, channels last, as products with patches read where they lie
 * (shared/wasm/assembly/convolution.as). tfjs has no filter gradient on wasm, and an input gradient at 4 GFLOP/s.
 */
import * as tf from '@tensorflow/tfjs-core';
import { invariant } from '../../base/invariant.ts';
import { applyActivation } from './activation.ts';
import type { WasmHeap } from './heap.ts';

type Sizes = tf.backend_util.Conv2DInfo;
type ConvAttributes = Pick<tf.Conv2DAttrs, 'strides' | 'pad' | 'dataFormat' | 'dimRoundingMode'>;

/**
 * Conv2D: x [images, height, width, in] * filter [filterHeight, filterWidth, in, out] → [images, outHeight,
 * outWidth, out]. With a dilation the backend's own kernel runs.
 */
export function conv2dKernel(heap: WasmHeap): tf.KernelConfig {
  const stock = tf.getKernel(tf.Conv2D, 'wasm');
  invariant(stock, 'the wasm backend has Conv2D');
  return {
    kernelName: tf.Conv2D,
    backendName: 'wasm',
    kernelFunc: (call) => {
      const { x, filter } = call.inputs;
      const attributes = call.attrs as unknown as tf.Conv2DAttrs;
      invariant(x && filter, 'a convolution has an image and a filter');
      if (isDilated(attributes.dilations)) return stock.kernelFunc(call);
      return convolve(heap, x, filter, sizesOf(x.shape, filter.shape, attributes));
    },
  };
}

/** FusedConv2D: activation(Conv2D + bias), bias [out]. */
export function fusedConv2dKernel(heap: WasmHeap): tf.KernelConfig {
  const stock = tf.getKernel(tf.FusedConv2D, 'wasm');
  invariant(stock, 'the wasm backend has FusedConv2D');
  return {
    kernelName: tf.FusedConv2D,
    backendName: 'wasm',
    kernelFunc: (call) => {
      const { x, filter, bias, preluActivationWeights } = call.inputs;
      const attributes = call.attrs as unknown as tf.FusedConv2DAttrs;
      invariant(x && filter, 'a convolution has an image and a filter');
      if (isDilated(attributes.dilations)) return stock.kernelFunc(call);
      const sums = convolve(heap, x, filter, sizesOf(x.shape, filter.shape, attributes));
      return applyActivation(heap, call.backend, sums, {
        bias,
        preluWeights: preluActivationWeights,
        activation: attributes.activation,
        leakyreluAlpha: attributes.leakyreluAlpha,
      });
    },
  };
}

/**
 * Conv2DBackpropInput: the gradient at dy [images, outHeight, outWidth, out] with respect to x of
 * `inputShape`: dy with zeros between its strides, convolved with the filter turned by 180°.
 */
export function conv2dInputGradientKernel(heap: WasmHeap): tf.KernelConfig {
  return {
    kernelName: tf.Conv2DBackpropInput,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const { dy, filter } = inputs;
      const attributes = attrs as unknown as tf.Conv2DBackpropInputAttrs;
      invariant(dy && filter, 'an input gradient has dy and a filter');
      return inputGradient(heap, dy, filter, sizesOf(attributes.inputShape, filter.shape, attributes));
    },
  };
}

/** Conv2DBackpropFilter: the gradient at dy with respect to the filter of `filterShape`. */
export function conv2dFilterGradientKernel(heap: WasmHeap): tf.KernelConfig {
  return {
    kernelName: tf.Conv2DBackpropFilter,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const { x, dy } = inputs;
      const attributes = attrs as unknown as tf.Conv2DBackpropFilterAttrs;
      invariant(x && dy, 'a filter gradient has an image and dy');
      return filterGradient(heap, x, dy, sizesOf(x.shape, attributes.filterShape, attributes));
    },
  };
}

function isDilated(dilations: number | [number, number]): boolean {
  return [dilations].flat().some((dilation) => dilation !== 1);
}

function sizesOf(inputShape: number[], filterShape: number[], attributes: ConvAttributes): Sizes {
  const { strides, pad, dataFormat, dimRoundingMode } = attributes;
  invariant(dataFormat === 'NHWC', 'convolutions on wasm have their channels last');
  return tf.backend_util.computeConv2DInfo(
    inputShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides,
    1,
    pad,
    dimRoundingMode,
  );
}

/** An image of [images, height, width, channels] as patches are read from it: padded, with their offsets. */
interface Patches {
  readonly address: number;
  readonly offsets: number;
  readonly pixels: number;
  /** Filter rows, floats in one, bytes from one to the next. */
  readonly runs: readonly [number, number, number];
}

interface PatchPlan {
  readonly images: number;
  readonly channels: number;
  readonly from: { readonly height: number; readonly width: number };
  /** Size after padding. */
  readonly padded: { readonly height: number; readonly width: number };
  readonly top: number;
  readonly left: number;
  /** Zeros go between neighbours where above 1: [vertical, horizontal]. */
  readonly spacing: readonly [number, number];
  readonly out: { readonly height: number; readonly width: number };
  readonly strides: readonly [number, number];
  readonly filter: { readonly height: number; readonly width: number };
}

function withPatches<T>(
  heap: WasmHeap,
  image: tf.TensorInfo,
  plan: PatchPlan,
  use: (patches: Patches) => T,
): T {
  const { images, channels, from, top, left, spacing, out, strides, filter } = plan;
  const whole =
    top === 0 &&
    left === 0 &&
    Math.max(...spacing) === 1 &&
    plan.padded.height <= from.height &&
    plan.padded.width <= from.width;
  const padded = whole ? from : plan.padded;
  const paddedBytes = whole ? 0 : 4 * images * padded.height * padded.width * channels;
  const pixels = images * out.height * out.width;
  return heap.scratch(paddedBytes + 4 * pixels, (address) => {
    const offsets = address + paddedBytes;
    if (!whole)
      heap.kernels.spread(
        heap.address(image),
        images,
        from.height,
        from.width,
        channels,
        address,
        padded.height,
        padded.width,
        top,
        left,
        ...spacing,
      );
    heap.kernels.patchOffsets(
      offsets,
      images,
      padded.height,
      padded.width,
      channels,
      out.height,
      out.width,
      ...strides,
    );
    return use({
      address: whole ? heap.address(image) : address,
      offsets,
      pixels,
      runs: [filter.height, filter.width * channels, 4 * padded.width * channels],
    });
  });
}

/** The patches of x that the outputs see. */
function forwardPlan(sizes: Sizes): PatchPlan {
  const strides = [sizes.strideHeight, sizes.strideWidth] as const;
  return {
    images: sizes.batchSize,
    channels: sizes.inChannels,
    from: { height: sizes.inHeight, width: sizes.inWidth },
    padded: {
      height: (sizes.outHeight - 1) * strides[0] + sizes.filterHeight,
      width: (sizes.outWidth - 1) * strides[1] + sizes.filterWidth,
    },
    top: sizes.padInfo.top,
    left: sizes.padInfo.left,
    spacing: [1, 1],
    out: { height: sizes.outHeight, width: sizes.outWidth },
    strides,
    filter: { height: sizes.filterHeight, width: sizes.filterWidth },
  };
}

/** The patches of dy that the inputs see. */
function backwardPlan(sizes: Sizes): PatchPlan {
  return {
    images: sizes.batchSize,
    channels: sizes.outChannels,
    from: { height: sizes.outHeight, width: sizes.outWidth },
    padded: {
      height: sizes.inHeight + sizes.filterHeight - 1,
      width: sizes.inWidth + sizes.filterWidth - 1,
    },
    top: sizes.filterHeight - 1 - sizes.padInfo.top,
    left: sizes.filterWidth - 1 - sizes.padInfo.left,
    spacing: [sizes.strideHeight, sizes.strideWidth],
    out: { height: sizes.inHeight, width: sizes.inWidth },
    strides: [1, 1],
    filter: { height: sizes.filterHeight, width: sizes.filterWidth },
  };
}

function convolve(heap: WasmHeap, x: tf.TensorInfo, filter: tf.TensorInfo, sizes: Sizes): tf.TensorInfo {
  const { inChannels, outChannels, filterHeight, filterWidth } = sizes;
  const y = heap.output(sizes.outShape);
  const k = filterHeight * filterWidth * inChannels;
  withPatches(heap, x, forwardPlan(sizes), ({ address, offsets, pixels, runs }) =>
    heap.scratch(heap.kernels.packedFilterBytes(k, outChannels), (packed) => {
      heap.kernels.packFilter(heap.address(filter), k, outChannels, packed);
      heap.kernels.convolve(address, offsets, pixels, ...runs, packed, heap.address(y), outChannels);
    }),
  );
  return y;
}

function inputGradient(
  heap: WasmHeap,
  dy: tf.TensorInfo,
  filter: tf.TensorInfo,
  sizes: Sizes,
): tf.TensorInfo {
  const { inChannels, outChannels, filterHeight, filterWidth } = sizes;
  const dx = heap.output(sizes.inShape);
  const taps = filterHeight * filterWidth;
  withPatches(heap, dy, backwardPlan(sizes), ({ address, offsets, pixels, runs }) =>
    heap.scratch(heap.kernels.packedFilterBytes(taps * outChannels, inChannels), (packed) => {
      heap.kernels.packTurnedFilter(heap.address(filter), taps, inChannels, outChannels, packed);
      heap.kernels.convolve(address, offsets, pixels, ...runs, packed, heap.address(dx), inChannels);
    }),
  );
  return dx;
}

function filterGradient(heap: WasmHeap, x: tf.TensorInfo, dy: tf.TensorInfo, sizes: Sizes): tf.TensorInfo {
  const { outChannels } = sizes;
  const gradient = heap.output(sizes.filterShape);
  withPatches(heap, x, forwardPlan(sizes), ({ address, offsets, pixels, runs }) =>
    heap.scratch(heap.kernels.filterGradientScratch(outChannels), (scratch) => {
      const to = heap.address(gradient);
      heap.kernels.filterGradient(
        address,
        offsets,
        pixels,
        ...runs,
        heap.address(dy),
        to,
        outChannels,
        scratch,
      );
    }),
  );
  return gradient;
}
