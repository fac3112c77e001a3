/**
 * Group normalisation (Wu and He 2018): statistics of one example at a time, hence the same in training and after.
 * The gradient is written out: tfjs's own sums over inner axes again and again, for which its wasm backend transposes.
 */
import * as tf from '@tensorflow/tfjs-core';

const EPSILON = 1e-5;

/** x [batch, height, width, channels]; scale and offset [channels]; `groups` divides the channels → like x. */
export function groupNorm(
  x: tf.Tensor4D,
  groups: number,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const positions = height * width;
  const normalise = tf.customGrad((...given) => {
    const [flat, factor, term, save] = given as unknown as [
      tf.Tensor3D,
      tf.Tensor1D,
      tf.Tensor1D,
      tf.GradSaveFunc,
    ];
    const centred = tf.sub<tf.Tensor3D>(flat, groupMean(sumOverPositions(flat), groups, positions));
    const variance = groupMean(sumOverPositions(tf.square(centred)), groups, positions);
    const inverse = tf.rsqrt(tf.add<tf.Tensor3D>(variance, EPSILON));
    const normal = tf.mul<tf.Tensor3D>(centred, inverse);
    save([normal, inverse, factor]);
    return {
      value: tf.add(tf.mul(normal, factor), term),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        gradients(dy as tf.Tensor3D, saved as [tf.Tensor3D, tf.Tensor3D, tf.Tensor1D], groups),
    };
  });
  return tf.tidy(() => {
    const flat = tf.reshape<tf.Rank.R3>(x, [batch, positions, channels]);
    return tf.reshape<tf.Rank.R4>(normalise(flat, scale, offset), x.shape);
  });
}

/**
 * dy [batch, positions, channels] → the gradients of x, scale and offset. With n = x normalised, s = 1 / its
 * deviation and means over a group: dx = s (dy scale - mean(dy scale) - n mean(dy scale n)).
 */
function gradients(
  dy: tf.Tensor3D,
  [normal, inverse, scale]: readonly [tf.Tensor3D, tf.Tensor3D, tf.Tensor1D],
  groups: number,
): tf.Tensor[] {
  return tf.tidy(() => {
    const positions = dy.shape[1];
    const dySums = sumOverPositions(dy);
    const dyNormalSums = sumOverPositions(tf.mul<tf.Tensor3D>(dy, normal));
    const mean = groupMean(tf.mul(dySums, scale), groups, positions);
    const slope = groupMean(tf.mul(dyNormalSums, scale), groups, positions);
    const dx = tf.sub(
      tf.sub(tf.mul(dy, tf.mul(inverse, scale)), tf.mul(inverse, mean)),
      tf.mul(normal, tf.mul(inverse, slope)),
    );
    return [dx, tf.sum(dyNormalSums, [0, 1]), tf.sum(dySums, [0, 1])];
  });
}

/** [batch, positions, channels] → [batch, 1, channels], as a product, which needs no transpose. */
function sumOverPositions(x: tf.Tensor3D): tf.Tensor3D {
  const [batch, positions] = x.shape;
  return tf.matMul(tf.ones<tf.Rank.R3>([batch, 1, positions]), x);
}

/** Sums a channel, [batch, 1, channels] → the mean of its group at each channel, likewise. */
function groupMean(sums: tf.Tensor3D, groups: number, positions: number): tf.Tensor3D {
  const [batch, , channels] = sums.shape;
  const members = channels / groups;
  const grouped = tf.reshape(sums, [batch, groups, members]);
  const means = tf.div(tf.sum(grouped, 2, true), members * positions);
  return tf.reshape(tf.tile(means, [1, 1, members]), [batch, 1, channels]);
}
