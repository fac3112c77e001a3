/** How well a model does on labelled examples, in batches, never the whole set at once. */
import * as tf from '@tensorflow/tfjs-core';
import type { Examples } from '../data/examples.ts';
import type { Evaluation } from '../tasks/evaluation.ts';
import { classesOf, type ModelSpecification } from '../tasks/model.ts';
import { buildModel, type BuiltModel } from './build.ts';
import { lossOf } from './losses.ts';
import { Tally } from './tally.ts';

const BATCH = 500;

/** How an evaluation treats the thread it runs on; by default it keeps it, and is not stopped. */
interface EvaluationManners {
  /** Called after each batch. */
  readonly yieldThread?: () => Promise<void>;
  readonly signal?: AbortSignal;
}

/**
 * `parameters` is [d]; the examples are those that `examplesMisfit` finds nothing against. Rejects with the signal's
 * reason once it has aborted, after the batch in hand.
 */
export async function evaluate(
  model: ModelSpecification,
  parameters: Float32Array,
  examples: Examples,
  { yieldThread = async () => {}, signal }: EvaluationManners = {},
): Promise<Evaluation> {
  const built = buildModel(model, parameters);
  const tally = new Tally(model.loss, classesOf(model));
  try {
    for (const { labels, inputs } of batchesOf(examples)) {
      signal?.throwIfAborted();
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
  signal?.throwIfAborted();
  return tally.result();
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
