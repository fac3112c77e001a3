/** The one training kernel that stock TF.js wasm lacks for a CNN, from its own kernels. */
import * as tf from '@tensorflow/tfjs-core';

/**
 * Conv2DBackpropFilter at stride 1 as the convolution of x by dy, both with batch and channels swapped: x
 * [in, height, width, images] by dy [outHeight, outWidth, images, out] gives [in, filterHeight, filterWidth, out].
 */
export function registerFilterGradient(): void {
  tf.registerKernel({
    kernelName: tf.Conv2DBackpropFilter,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const { pad, filterShape } = attrs as unknown as tf.Conv2DBackpropFilterAttrs;
      const tensor = (info: tf.TensorInfo | undefined): tf.Tensor4D => {
        if (!info) throw new Error('an input is missing');
        return tf.engine().makeTensorFromTensorInfo(info) as tf.Tensor4D;
      };
      const { top, left, bottom, right } = tf.backend_util.computeConv2DInfo(
        inputs['x']?.shape as [number, number, number, number],
        filterShape,
        1,
        1,
        pad,
      ).padInfo;
      return tf.tidy(() => {
        const x = tf.transpose(tensor(inputs['x']), [3, 1, 2, 0]);
        const dy = tf.transpose(tensor(inputs['dy']), [1, 2, 0, 3]);
        const padding: [[0, 0], [number, number], [number, number], [0, 0]] = [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ];
        return tf.transpose(tf.conv2d(x, dy, 1, padding), [1, 2, 0, 3]);
      });
    },
  });
}
