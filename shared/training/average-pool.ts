/**
 * Means over windows. tfjs's own gradient divides by the whole window also where it hangs over the edge, though the
 * mean there is of fewer numbers; so "same" padding is written out: zeros around, whole windows, and a factor for those
 * that hang over.
 */
import * as tf from '@tensorflow/tfjs-core';

type Plane = readonly [number, number];

/** x [batch, height, width, channels] → [batch, height', width', channels], as tf.avgPool has it. */
export function averagePool(
  x: tf.Tensor4D,
  [height, width]: Plane,
  [down, right]: Plane,
  padding: 'same' | 'valid',
): tf.Tensor4D {
  const whole = (padded: tf.Tensor4D) => tf.avgPool(padded, [height, width], [down, right], 'valid');
  if (padding === 'valid') return whole(x);
  const rows = axisOf(x.shape[1], height, down);
  const columns = axisOf(x.shape[2], width, right);
  if (rows.before + rows.after + columns.before + columns.after === 0) return whole(x);
  return tf.tidy(() => {
    const pads: [number, number][] = [
      [0, 0],
      [rows.before, rows.after],
      [columns.before, columns.after],
      [0, 0],
    ];
    const factors = rows.inside.flatMap((r) => columns.inside.map((c) => (height * width) / (r * c)));
    const means = whole(tf.pad(x, pads));
    return tf.mul(means, tf.tensor3d(factors, [rows.inside.length, columns.inside.length, 1]));
  });
}

/** Zeros before and after an axis, and how many of each window's numbers are no zeros of those. */
function axisOf(length: number, window: number, stride: number) {
  const outputs = Math.ceil(length / stride);
  const zeros = Math.max(0, (outputs - 1) * stride + window - length);
  const before = Math.floor(zeros / 2);
  const inside = Array.from({ length: outputs }, (_, i) => {
    const start = i * stride - before;
    return Math.min(start + window, length) - Math.max(start, 0);
  });
  return { before, after: zeros - before, inside };
}
