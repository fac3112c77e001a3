/**
 * Federated averaging of a task on its prepared data, on this thread: the updates are trained, quantized, summed and
 * averaged as in a run; only the sockets and the masks, which leave the sum as it is, are not there.
 */
import { federatedAverage } from '#shared/tasks/strategy.ts';
import { initialParameters } from '#shared/tasks/initial.ts';
import type { Task } from '#shared/tasks/task.ts';
import { trainingInRound } from '#shared/tasks/training.ts';
import type { Examples } from '#shared/data/examples.ts';
import { quantizeUpdate, weightedMean, type QuantizationTerms } from '#shared/numeric/quantize.ts';
import { trainLocally } from '#shared/training/trainer.ts';

export interface Federation {
  readonly task: Task;
  /** One participant each. */
  readonly shards: readonly Examples[];
  readonly rounds: number;
  readonly seed: number;
}

export interface Federated {
  /** The last global model, [d]. */
  readonly parameters: Float32Array;
  /** Of any weight, in any participant's local training. */
  readonly largestChange: number;
}

export async function federate({ task, shards, rounds, seed }: Federation): Promise<Federated> {
  const terms = { ...task.quantization, weightMax: task.weightMax, invited: shards.length };
  let parameters = initialParameters(task.model, seed);
  let largestChange = 0;
  for (let round = 1; round <= rounds; round++) {
    const sum = new Uint32Array(parameters.length + 1);
    for (const [index, examples] of shards.entries()) {
      const trained = await trainLocally({
        task,
        training: trainingInRound(task.training, round),
        parameters,
        examples,
        shuffleLabel: `${seed} round ${round}.0 shard ${index}/${shards.length}`,
        signal: new AbortController().signal,
        onBatch: () => {},
      });
      if (!trained.ok) throw new Error(trained.fault.detail);
      const { delta } = trained.value;
      for (const change of delta) largestChange = Math.max(largestChange, Math.abs(change));
      addTo(sum, wordsOf(delta, examples.count, terms));
    }
    const mean = weightedMean(sum, shards.length, terms);
    if (!mean.ok) throw new Error(mean.fault.code);
    const next = federatedAverage(parameters, mean.value.delta);
    if (!next.ok) throw new Error(next.fault);
    parameters = next.value;
  }
  return { parameters, largestChange };
}

function wordsOf(delta: Float32Array, weight: number, terms: QuantizationTerms): Uint32Array {
  const words = quantizeUpdate(delta, weight, terms);
  if (!words.ok) throw new Error(words.fault.code);
  return words.value;
}

/** Modulo 2³², as the ring has it. */
function addTo(sum: Uint32Array, words: Uint32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (words[i] as number);
}
