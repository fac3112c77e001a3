/** The losses of a model specification, each a mean over the batch. */
import * as tf from '@tensorflow/tfjs-core';
import { unreachable } from '../base/invariant.ts';
import type { Loss } from '../tasks/model.ts';

/** Outputs [batch, outputs] against labels [batch] in int32 → a scalar; in nats where it is a cross-entropy. */
export function lossOf(loss: Loss, outputs: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  switch (loss) {
    case 'softmax-cross-entropy':
      return softmaxCrossEntropy(outputs, labels);
    case 'sigmoid-cross-entropy':
      return sigmoidCrossEntropy(outputs, labels);
    case 'mse':
      return tf.tidy(() =>
        tf.mean<tf.Scalar>(tf.squaredDifference(column(outputs), tf.cast(labels, 'float32'))),
      );
    default:
      return unreachable(loss);
  }
}

function softmaxCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  return tf.tidy(() => {
    const oneHot = tf.cast(tf.oneHot(labels, logits.shape[1]), 'float32');
    return tf.neg<tf.Scalar>(tf.mean(tf.sum(tf.mul(oneHot, tf.logSoftmax(logits)), -1)));
  });
}

/** log(1 + exp(x)) - x y = max(x, 0) - x y + log(1 + exp(-|x|)): exact for logits of any size. */
function sigmoidCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  return tf.tidy(() => {
    const x = column(logits);
    const rest = tf.log1p(tf.exp(tf.neg(tf.abs(x))));
    return tf.mean<tf.Scalar>(tf.add(tf.sub(tf.relu(x), tf.mul(x, tf.cast(labels, 'float32'))), rest));
  });
}

/** [batch, 1] → [batch] */
const column = (outputs: tf.Tensor2D): tf.Tensor1D => tf.reshape(outputs, [outputs.shape[0]]);
