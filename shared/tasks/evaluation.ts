/** How well a model does on labelled examples: what the coordinator stores of it, and what pages make of that. */

/** Examples of one label, 0 or more of each. */
export interface ClassCounts {
  /** Those that have the label. */
  readonly examples: number;
  /** Those that the model gives it, rightly or not. */
  readonly predicted: number;
  /** Those of both. */
  readonly right: number;
}

/** One kind of mistake: so many examples of `label` were taken for `predicted`. */
export interface Confusion {
  readonly label: number;
  readonly predicted: number;
  readonly count: number;
}

/**
 * Grows with the number of labels, not with its square, as a whole confusion matrix would in every stored round of a
 * model of 256.
 */
export interface EvaluationDetail {
  /** By label. */
  readonly classes: readonly ClassCounts[];
  /** The most frequent mistake, the first of equals; null where there is none. */
  readonly confusion: Confusion | null;
  /**
   * Area under the ROC curve, 0..1; null where there are not two classes with examples of both, or where a score is
   * not a number. Of more than two unbalanced classes the mean recall says what it would.
   */
  readonly auc: number | null;
}

export interface Evaluation {
  /** 0..1; of an `mse` model the share of outputs that are nearest to their label. */
  readonly accuracy: number;
  /** Mean over the examples; in nats where it is a cross-entropy. */
  readonly loss: number;
  /** Null of an `mse` model, and of what was evaluated before there was any. */
  readonly detail: EvaluationDetail | null;
}

/** `matrix` is [labels][predicted labels], counts. */
export function detailOf(matrix: readonly (readonly number[])[], auc: number | null): EvaluationDetail {
  let confusion: Confusion | null = null;
  for (const [label, row] of matrix.entries())
    for (const [predicted, count] of row.entries())
      if (label !== predicted && count > (confusion?.count ?? 0)) confusion = { label, predicted, count };
  const classes = matrix.map((row, label) => ({
    examples: row.reduce((sum, count) => sum + count, 0),
    predicted: matrix.reduce((sum, other) => sum + (other[label] ?? 0), 0),
    right: row[label] ?? 0,
  }));
  return { classes, confusion, auc };
}

/** Of the examples of a label, those that were given it, 0..1; null where there are none. */
export const recallOf = ({ examples, right }: ClassCounts): number | null =>
  examples === 0 ? null : right / examples;

/** Of those that were given a label, the examples of it, 0..1; null where there are none. */
export const precisionOf = ({ predicted, right }: ClassCounts): number | null =>
  predicted === 0 ? null : right / predicted;

/** Over the labels with examples, each counting alike, 0..1; null where there are no examples. */
export function meanRecall({ classes }: EvaluationDetail): number | null {
  const recalls = classes.map(recallOf).filter((recall) => recall !== null);
  return recalls.length === 0 ? null : recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length;
}

/** A most frequent label this many times over its fair share makes accuracy alone misleading. */
const UNBALANCED = 1.25;

/**
 * What always answering the most frequent label (the first of equals) would be right on; null where the labels are
 * about as frequent as one another, and where there are no examples.
 */
export function unbalancedBaseline({
  classes,
}: EvaluationDetail): { readonly label: number; readonly accuracy: number } | null {
  const total = classes.reduce((sum, { examples }) => sum + examples, 0);
  const most = Math.max(...classes.map(({ examples }) => examples));
  if (total === 0 || most / total < UNBALANCED / classes.length) return null;
  return { label: classes.findIndex(({ examples }) => examples === most), accuracy: most / total };
}
