/** Loss and accuracy of a model on labelled examples, in batches, never the whole set at once. */
import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../data/examples.ts';
import type { ModelSpecification } from '../tasks/model.ts';
import { buildModel } from './build.ts';
import { softmaxCrossEntropy } from './trainer.ts';

export interface Evaluation {
  /** 0..1 */
  readonly accuracy: number;
  /** Mean cross-entropy, nats. */
  readonly loss: number;
}

const BATCH = 500;

/** `parameters` is [d]. */
export function evaluate(
  model: ModelSpecification,
  parameters: Float32Array,
  examples: Examples,
): Evaluation {
  const built = buildModel(model, parameters);
  const inputSize = examples.inputs.length / examples.count;
  let correct = 0;
  let lossSum = 0;
  for (let start = 0; start < examples.count; start += BATCH) {
    const size = Math.min(BATCH, examples.count - start);
    const labels = examples.labels.subarray(start, start + size);
    const [predicted, loss] = tf.tidy(() => {
      const inputs = examples.inputs.subarray(start * inputSize, (start + size) * inputSize);
      const logits = built.forward(tf.tensor(inputs, [size, ...model.inputShape]));
      const expected = tf.tensor1d(Int32Array.from(labels), 'int32');
      return [
        tf.argMax(logits, -1).dataSync(),
        softmaxCrossEntropy(logits, expected).dataSync()[0] ?? Number.NaN,
      ] as const;
    });
    labels.forEach((label, i) => (correct += predicted[i] === label ? 1 : 0));
    lossSum += loss * size;
  }
  built.dispose();
  return { accuracy: correct / examples.count, loss: lossSum / examples.count };
}
