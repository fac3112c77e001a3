/** The area under the ROC curve as a rank statistic (Mann and Whitney 1947). */

/**
 * The chance that a random example of label 1 has a greater score than a random one of label 0, ties counting half;
 * null where one of the labels is absent or a score is NaN. `scores` and `labels` (0 or 1) are [count].
 */
export function areaUnderCurve(scores: readonly number[], labels: readonly number[]): number | null {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0 || scores.some(Number.isNaN)) return null;
  const ranked = scores.map((score, i) => ({ score, label: labels[i] as number }));
  ranked.sort((a, b) => (a.score < b.score ? -1 : Number(a.score > b.score)));
  let rankSum = 0;
  for (let start = 0; start < ranked.length;) {
    const score = ranked[start]?.score;
    let end = start;
    let positivesHere = 0;
    for (; ranked[end]?.score === score; end++) positivesHere += ranked[end]?.label ?? 0;
    // Ranks start + 1 to end; those of one score share their mean.
    rankSum += (positivesHere * (start + 1 + end)) / 2;
    start = end;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
