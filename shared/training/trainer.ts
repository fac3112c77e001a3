/**
 * Local training: seeded shuffles, mini-batch SGD, the weight delta. After each batch the thread is given
 * back for one macrotask through a MessageChannel (never requestAnimationFrame, which stops in hidden tabs,
 * nor setTimeout, which browsers clamp), so that no message waits longer than one batch.
 */
import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients: core's Node bundle has none, and their module cannot be imported in Node.
import '@tensorflow/tfjs-layers';
import { permutation, seededRandom } from '../base/random.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { TrainFault, TrainJob, TrainOutcome } from '../participant/ports.ts';
import { buildModel, type BuiltModel } from './build.ts';
import { descend } from './kernels/descend.ts';

const CANCELLED = fail<TrainFault>({ code: 'cancelled', detail: 'Training was stopped.' });

/** Gives the thread back for one macrotask, in which sockets and timers have their turn. */
export interface ThreadBreaks {
  next(): Promise<void>;
  close(): void;
}

/**
 * Runs the job on the backend that is set. Every tensor it makes is disposed, however it ends. `yieldThread` is
 * for where a MessageChannel does not let the event loop go round: Node delivers a thousand messages in a row.
 */
export async function trainLocally(
  job: TrainJob,
  yieldThread: ThreadBreaks = macrotasks(),
): Promise<Result<TrainOutcome, TrainFault>> {
  const model = buildModel(job.task.model, job.parameters);
  try {
    const loss = await runEpochs(job, model, yieldThread.next);
    if (!loss.ok) return loss;
    if (job.signal.aborted) return CANCELLED;
    const delta = model.parameters();
    for (let i = 0; i < delta.length; i++) delta[i] = (delta[i] as number) - (job.parameters[i] as number);
    if (!delta.every(Number.isFinite))
      return fail({ code: 'non-finite', detail: 'The model’s numbers overflowed.' });
    return ok({ delta, examples: job.examples.count, loss: loss.value });
  } finally {
    yieldThread.close();
    model.dispose();
  }
}

/** The mean loss of the last epoch. */
async function runEpochs(
  job: TrainJob,
  model: BuiltModel,
  yieldThread: () => Promise<void>,
): Promise<Result<number, TrainFault>> {
  const { epochs, batchSize } = job.training;
  const { count } = job.examples;
  const batchesPerEpoch = Math.ceil(count / batchSize);
  const random = seededRandom(job.shuffleLabel);
  let lossSum = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = permutation(random, count);
    lossSum = 0;
    for (let index = 0; index < batchesPerEpoch; index++) {
      if (job.signal.aborted) return CANCELLED;
      const chosen = order.subarray(index * batchSize, Math.min(count, (index + 1) * batchSize));
      const loss = trainBatch(job, model, chosen);
      if (!Number.isFinite(loss))
        return fail({ code: 'non-finite', detail: `The loss became ${loss} in epoch ${epoch + 1}.` });
      lossSum += loss;
      job.onBatch({
        batch: epoch * batchesPerEpoch + index + 1,
        batches: epochs * batchesPerEpoch,
        epoch: epoch + 1,
        loss,
      });
      await yieldThread();
    }
  }
  return ok(lossSum / batchesPerEpoch);
}

/** One step of SGD on the chosen examples; the batch's mean loss before the step. */
function trainBatch(job: TrainJob, model: BuiltModel, chosen: Uint32Array): number {
  const { inputs, labels } = job.examples;
  const inputSize = inputs.length / job.examples.count;
  const batchInputs = new Float32Array(chosen.length * inputSize);
  const batchLabels = new Int32Array(chosen.length);
  chosen.forEach((example, i) => {
    batchInputs.set(inputs.subarray(example * inputSize, (example + 1) * inputSize), i * inputSize);
    batchLabels[i] = labels[example] as number;
  });
  return tf.tidy(() => {
    const x = tf.tensor(batchInputs, [chosen.length, ...job.task.model.inputShape]);
    const y = tf.tensor1d(batchLabels, 'int32');
    const { value, grads } = tf.variableGrads(
      () => softmaxCrossEntropy(model.forward(x), y),
      [...model.variables],
    );
    for (const variable of model.variables) {
      const gradient = grads[variable.name];
      if (gradient) descend(variable, gradient, job.training.learningRate);
    }
    return value.dataSync()[0] ?? Number.NaN;
  });
}

/** Mean cross-entropy in nats of logits [batch, classes] against labels [batch]. */
export function softmaxCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  return tf.tidy(() => {
    const oneHot = tf.cast(tf.oneHot(labels, logits.shape[1]), 'float32');
    return tf.neg<tf.Scalar>(tf.mean(tf.sum(tf.mul(oneHot, tf.logSoftmax(logits)), -1)));
  });
}

function macrotasks(): ThreadBreaks {
  const channel = new MessageChannel();
  let resume = () => {};
  channel.port1.onmessage = () => resume();
  return {
    next: () =>
      new Promise((resolve) => {
        resume = resolve;
        channel.port2.postMessage(null);
      }),
    close: () => {
      channel.port1.close();
      channel.port2.close();
    },
  };
}
