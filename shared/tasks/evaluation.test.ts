import { describe, expect, it } from 'vitest';
import { detailOf, meanRecall, precisionOf, recallOf, unbalancedBaseline } from './evaluation.ts';

/** Ten of label 0, four of 1, none of 2; 2 is predicted twice. */
const detail = detailOf(
  [
    [7, 1, 2],
    [1, 3, 0],
    [0, 0, 0],
  ],
  null,
);

describe('the counts of a confusion matrix', () => {
  it('are by label: its examples down the rows, its predictions down the columns', () => {
    expect(detail.classes).toEqual([
      { examples: 10, predicted: 8, right: 7 },
      { examples: 4, predicted: 4, right: 3 },
      { examples: 0, predicted: 2, right: 0 },
    ]);
  });

  it('name the most frequent mistake, the first of equals, and none where all is right', () => {
    expect(detail.confusion).toEqual({ label: 0, predicted: 2, count: 2 });
    expect(
      detailOf(
        [
          [0, 3],
          [3, 9],
        ],
        0.5,
      ),
    ).toMatchObject({ confusion: { label: 0, predicted: 1, count: 3 }, auc: 0.5 });
    expect(
      detailOf(
        [
          [4, 0],
          [0, 9],
        ],
        1,
      ).confusion,
    ).toBeNull();
  });

  it('give recall and precision, and neither of nothing', () => {
    expect(detail.classes.map(recallOf)).toEqual([0.7, 0.75, null]);
    expect(detail.classes.map(precisionOf)).toEqual([7 / 8, 3 / 4, 0]);
    expect(precisionOf({ examples: 3, predicted: 0, right: 0 })).toBeNull();
  });

  it('give a mean recall in which a rare label counts as much as a frequent one', () => {
    expect(meanRecall(detail)).toBeCloseTo((0.7 + 0.75) / 2, 12);
    expect(meanRecall(detailOf([[0]], null))).toBeNull();
  });
});

describe('the baseline of unbalanced labels', () => {
  const of = (...examples: readonly number[]) =>
    unbalancedBaseline({
      classes: examples.map((count) => ({ examples: count, predicted: 0, right: 0 })),
      confusion: null,
      auc: null,
    });

  it('is the share of the most frequent one', () => {
    expect(of(69, 31)).toEqual({ label: 0, accuracy: 0.69 });
    expect(of(10, 20, 20)).toBeNull();
    expect(of(1, 5, 4)).toEqual({ label: 1, accuracy: 0.5 });
  });

  it('is none where they are about as frequent as one another, or where there are no examples', () => {
    expect(of(62, 38)).toBeNull();
    expect(of(63, 37)).toEqual({ label: 0, accuracy: 0.63 });
    expect(of(0, 0)).toBeNull();
  });
});
