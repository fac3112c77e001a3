/**
 * A short trial of the backend that is set: steps of descent of a small model, timed, and their losses compared
 * with those that cpu computes. The last guards against devices whose fast numbers are wrong.
 */
import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients: core's Node bundle has none.
import '@tensorflow/tfjs-layers';
import { seededRandom } from '../../base/random.ts';
import { fail, ok, type Result } from '../../base/result.ts';

const BATCH = 32;
const SIDE = 28;
const CLASSES = 10;
const RATE = 0.3;
/** The first is a warm-up, in which shaders are compiled. */
const STEPS = 4;
/** The loss before each step as cpu computes it, nats. */
const LOSSES: readonly number[] = [2.31349, 2.242597, 2.183438, 2.101006];
/** WebGPU's exponentials and logarithms are rounded more coarsely than others'. */
const LOSS_TOLERANCE = 2e-3;

/** The shortest step after the warm-up, in milliseconds of `nowMs`; a sentence where the losses are wrong. */
export async function tryBackend(nowMs: () => number): Promise<Result<number, string>> {
  const variables = [
    variable('trial kernel', [5, 5, 1, 8], 0.2),
    variable('trial hidden', [(SIDE / 2) ** 2 * 8, 64], 0.03),
    variable('trial output', [64, CLASSES], 0.1),
  ] as const;
  const x = noise('trial images', [BATCH, SIDE, SIDE, 1], 1);
  const labels = tf.tensor1d(
    Int32Array.from({ length: BATCH }, (_, i) => i % CLASSES),
    'int32',
  );
  try {
    let fastestMs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < STEPS; index++) {
      const startMs = nowMs();
      const loss = await step(variables, x as tf.Tensor4D, labels);
      if (index > 0) fastestMs = Math.min(fastestMs, nowMs() - startMs);
      // A comparison that NaN fails.
      if (!(Math.abs(loss - (LOSSES[index] as number)) < LOSS_TOLERANCE))
        return fail(`Its numbers are wrong: step ${index + 1} of the trial gave a loss of ${loss}.`);
    }
    return ok(fastestMs);
  } finally {
    tf.dispose([...variables, x, labels]);
  }
}

/** The loss before the step. */
async function step(
  variables: readonly [tf.Variable, tf.Variable, tf.Variable],
  x: tf.Tensor4D,
  labels: tf.Tensor1D,
): Promise<number> {
  const [kernel, hidden, output] = variables;
  const loss = tf.tidy(() => {
    const { value, grads } = tf.variableGrads(() => {
      const maps = tf.relu(tf.conv2d(x, kernel as tf.Tensor as tf.Tensor4D, 1, 'same'));
      const pooled = tf.reshape(tf.maxPool(maps, 2, 2, 'same'), [BATCH, -1]);
      const features = tf.relu(tf.matMul(pooled, hidden as tf.Tensor as tf.Tensor2D));
      const logits = tf.matMul(features, output);
      const targets = tf.cast(tf.oneHot(labels, CLASSES), 'float32');
      return tf.neg<tf.Scalar>(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), -1)));
    }, [...variables]);
    for (const weights of variables)
      weights.assign(tf.sub(weights, tf.mul(grads[weights.name] as tf.Tensor, RATE)));
    return value;
  });
  try {
    return (await loss.data())[0] ?? Number.NaN;
  } finally {
    loss.dispose();
  }
}

function variable(label: string, shape: number[], scale: number): tf.Variable {
  return tf.tidy(() => tf.variable(noise(label, shape, scale)));
}

/** Multiples of 2^-15 · scale in [−scale, scale), by label alone. */
function noise(label: string, shape: number[], scale: number): tf.Tensor {
  const words = new Int16Array(seededRandom(label)(2 * tf.util.sizeFromShape(shape)).buffer);
  return tf.tensor(
    Float32Array.from(words, (word) => (word / 32_768) * scale),
    shape,
  );
}
