/** Counts what a model says of labelled examples, batch by batch. */
import { detailOf, type Evaluation } from '../tasks/evaluation.ts';
import type { Loss } from '../tasks/model.ts';
import { areaUnderCurve } from './ranking.ts';

export class Tally {
  readonly #loss: Loss;
  readonly #classes: number;
  /** Examples by label (row) and predicted label (column); none of an `mse` model. */
  readonly #confusion: number[][];
  /** How strongly the second of two classes is predicted, a number an example. */
  readonly #scores: number[] = [];
  readonly #labels: number[] = [];
  #count = 0;
  #correct = 0;
  #lossSum = 0;

  constructor(loss: Loss, classes: number) {
    this.#loss = loss;
    this.#classes = loss === 'mse' ? 0 : classes;
    this.#confusion = Array.from({ length: this.#classes }, () =>
      Array.from({ length: this.#classes }, () => 0),
    );
  }

  /** `outputs` is [batch, outputs], `labels` [batch], `loss` the batch's mean. */
  add(outputs: Float32Array, labels: Uint8Array, loss: number): void {
    const width = outputs.length / labels.length;
    this.#count += labels.length;
    this.#lossSum += loss * labels.length;
    for (const [i, label] of labels.entries()) {
      const row = outputs.subarray(i * width, (i + 1) * width);
      const predicted = predictedLabel(this.#loss, row);
      if (predicted === label) this.#correct++;
      const counts = this.#confusion[label];
      if (counts) counts[predicted] = (counts[predicted] ?? 0) + 1;
      if (this.#classes !== 2) continue;
      this.#scores.push(width === 1 ? (row[0] as number) : (row[1] as number) - (row[0] as number));
      this.#labels.push(label);
    }
  }

  result(): Evaluation {
    const auc = this.#classes === 2 ? areaUnderCurve(this.#scores, this.#labels) : null;
    return {
      accuracy: this.#correct / this.#count,
      loss: this.#lossSum / this.#count,
      detail: this.#loss === 'mse' ? null : detailOf(this.#confusion, auc),
    };
  }
}

/** The label that the outputs of one example speak for; the first of equals. */
function predictedLabel(loss: Loss, outputs: Float32Array): number {
  const [first = Number.NaN] = outputs;
  if (loss === 'sigmoid-cross-entropy') return first > 0 ? 1 : 0;
  if (loss === 'mse') return Math.round(first);
  let best = 0;
  outputs.forEach((output, i) => {
    if (output > (outputs[best] ?? 0)) best = i;
  });
  return best;
}
