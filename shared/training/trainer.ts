/**
 * Local training: seeded shuffles and dropout, mini-batch descent, the weight delta. After each batch the thread is given
 * back for one macrotask through a MessageChannel (never requestAnimationFrame, which stops in hidden tabs,
 * nor setTimeout, which browsers clamp), so that no message waits longer than one batch.
 */
import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients: core's Node bundle has none, and their module cannot be imported in Node.
import '@tensorflow/tfjs-layers';
import { invariant } from '../base/invariant.ts';
import { permutation, seededRandom, type RandomSource } from '../base/random.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { TrainFault, TrainJob, TrainOutcome } from '../participant/ports.ts';
import { examplesMisfit } from '../tasks/fit.ts';
import { buildModel, type BuiltModel } from './build.ts';
import { startDescent, type Descent } from './descent.ts';
import { lossOf } from './losses.ts';
import { steadyPace, type Pace } from './pace.ts';

/** Norm of a local update beyond which it is taken for exploded where the training settings name none. */
const UPDATE_NORM_MAX = 1_000;

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
  pace: Pace = steadyPace,
): Promise<Result<TrainOutcome, TrainFault>> {
  invariant(job.training.schedule === undefined, 'a schedule is resolved to its round’s rate beforehand');
  try {
    const misfit = examplesMisfit(job.task.model, job.examples);
    if (misfit !== null) return fail({ code: 'unfit-data', detail: misfit });
    const learner = startLearner(job);
    try {
      const loss = await runEpochs(job, learner, yieldThread.next, pace);
      if (!loss.ok) return loss;
      return job.signal.aborted ? CANCELLED : outcomeOf(job, await learner.model.parameters(), loss.value);
    } finally {
      learner.descent.dispose();
      learner.model.dispose();
    }
  } finally {
    yieldThread.close();
  }
}

/** `parameters` is the trained model, [d]; becomes the delta. */
function outcomeOf(
  job: TrainJob,
  parameters: Float32Array<ArrayBuffer>,
  loss: number,
): Result<TrainOutcome, TrainFault> {
  const delta = parameters;
  let squares = 0;
  for (let i = 0; i < delta.length; i++) {
    const change = (delta[i] as number) - (job.parameters[i] as number);
    delta[i] = change;
    squares += change * change;
  }
  const norm = Math.sqrt(squares);
  if (!Number.isFinite(norm)) return fail({ code: 'non-finite', detail: 'The model’s numbers overflowed.' });
  const { updateNormMax = UPDATE_NORM_MAX } = job.training;
  if (norm > updateNormMax)
    return fail({
      code: 'exploded',
      detail: `The update exploded: its norm is ${norm.toPrecision(3)}, more than ${updateNormMax}.`,
    });
  return ok({ delta, examples: job.examples.count, loss });
}

interface Learner {
  readonly model: BuiltModel;
  readonly descent: Descent;
  /** Of the masks of dropout. */
  readonly dropoutStream: RandomSource;
}

function startLearner(job: TrainJob): Learner {
  const model = buildModel(job.task.model, job.parameters);
  return {
    model,
    descent: startDescent(model.variables, job.training),
    dropoutStream: seededRandom(`${job.shuffleLabel} dropout`),
  };
}

/** The mean loss of the last epoch. */
async function runEpochs(
  job: TrainJob,
  learner: Learner,
  yieldThread: () => Promise<void>,
  pace: Pace,
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
      await pace.ready(job.signal);
      if (job.signal.aborted) return CANCELLED;
      const chosen = order.subarray(index * batchSize, Math.min(count, (index + 1) * batchSize));
      const loss = await trainBatch(job, learner, chosen);
      if (!Number.isFinite(loss))
        return fail({ code: 'non-finite', detail: brokenLoss(loss, index + 1, epoch + 1) });
      lossSum += loss;
      job.onBatch({
        batch: epoch * batchesPerEpoch + index + 1,
        batches: epochs * batchesPerEpoch,
        epoch: epoch + 1,
        loss,
      });
      await pace.rest(job.signal);
      await yieldThread();
    }
  }
  return ok(lossSum / batchesPerEpoch);
}

function brokenLoss(loss: number, batch: number, epoch: number): string {
  const what = Number.isNaN(loss) ? 'stopped being a number' : 'became infinite';
  return `The loss ${what} at batch ${batch} of epoch ${epoch}.`;
}

/** One step on the chosen examples; the batch's mean loss before the step. */
async function trainBatch(
  job: TrainJob,
  { model, descent, dropoutStream }: Learner,
  chosen: Uint32Array,
): Promise<number> {
  const { inputs, labels } = job.examples;
  const inputSize = inputs.length / job.examples.count;
  const batchInputs = new Float32Array(chosen.length * inputSize);
  const batchLabels = new Int32Array(chosen.length);
  chosen.forEach((example, i) => {
    batchInputs.set(inputs.subarray(example * inputSize, (example + 1) * inputSize), i * inputSize);
    batchLabels[i] = labels[example] as number;
  });
  const { model: specification } = job.task;
  const loss = tf.tidy(() => {
    const x = tf.tensor(batchInputs, [chosen.length, ...specification.inputShape]);
    const y = tf.tensor1d(batchLabels, 'int32');
    const { value, grads } = tf.variableGrads(
      () => lossOf(specification.loss, model.forward(x, dropoutStream), y),
      [...model.variables],
    );
    descent.step(
      model.variables.map(({ name }) => {
        const gradient = grads[name];
        invariant(gradient, 'every variable takes part in the loss');
        return gradient;
      }),
    );
    return value;
  });
  try {
    // A read that waits: on some backends the step is still to be computed.
    return (await loss.data())[0] ?? Number.NaN;
  } finally {
    loss.dispose();
  }
}

/** Breaks by a MessageChannel; one wait at a time. */
export function macrotasks(): ThreadBreaks {
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
