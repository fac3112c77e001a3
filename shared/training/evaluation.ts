/** How well a model does on labelled examples, in batches, never the whole set at once. */
import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../data/examples.ts';
import { classesOf, type ModelSpecification } from '../tasks/model.ts';
import { buildModel, type BuiltModel } from './build.ts';
import { lossOf } from './losses.ts';
import { Tally, type DetailedEvaluation, type Evaluation } from './tally.ts';

const BATCH = 500;

/**
 * Without giving the thread back. `parameters` is [d]; the examples are those that `examplesMisfit` finds nothing
 * against.
 */
export function evaluate(
  model: ModelSpecification,
  parameters: Float32Array,
  examples: Examples,
): Evaluation {
  const built = buildModel(model, parameters);
  const tally = new Tally(model.loss, classesOf(model));
  try {
    for (const { labels, inputs } of batchesOf(examples)) {
      const [outputs, loss] = judge(model, built, inputs, labels);
      tally.add(outputs.dataSync<'float32'>(), labels, loss.dataSync()[0] ?? Number.NaN);
      tf.dispose([outputs, loss]);
    }
  } finally {
    built.dispose();
  }
  const { accuracy, loss } = tally.result();
  return { accuracy, loss };
}

/** The same and more; gives the thread back after each batch. Null where the signal aborted. */
export async function evaluateInDetail(
  model: ModelSpecification,
  parameters: Float32Array,
  examples: Examples,
  yieldThread: () => Promise<void>,
  signal: AbortSignal,
): Promise<DetailedEvaluation | null> {
  const built = buildModel(model, parameters);
  const tally = new Tally(model.loss, classesOf(model));
  try {
    for (const { labels, inputs } of batchesOf(examples)) {
      if (signal.aborted) return null;
      const [outputs, loss] = judge(model, built, inputs, labels);
      try {
        tally.add(await outputs.data<'float32'>(), labels, (await loss.data())[0] ?? Number.NaN);
      } finally {
        tf.dispose([outputs, loss]);
      }
      await yieldThread();
    }
  } finally {
    built.dispose();
  }
  return signal.aborted ? null : tally.result();
}

interface Batch {
  readonly inputs: Float32Array;
  readonly labels: Uint8Array;
}

function* batchesOf({ count, inputs, labels }: Examples): Generator<Batch> {
  const width = inputs.length / count;
  for (let start = 0; start < count; start += BATCH) {
    const end = Math.min(count, start + BATCH);
    yield { inputs: inputs.subarray(start * width, end * width), labels: labels.subarray(start, end) };
  }
}

/** The outputs, [batch, outputs], and the mean loss; the caller's to dispose. */
function judge(
  model: ModelSpecification,
  built: BuiltModel,
  inputs: Float32Array,
  labels: Uint8Array,
): [tf.Tensor2D, tf.Scalar] {
  return tf.tidy(() => {
    const outputs = built.forward(tf.tensor(inputs, [labels.length, ...model.inputShape]));
    return [outputs, lossOf(model.loss, outputs, tf.tensor1d(Int32Array.from(labels), 'int32'))];
  });
}
