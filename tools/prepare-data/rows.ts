/** Labelled examples as chunks hold them. */
import { concatBytes } from '#shared/base/bytes.ts';
import { permutation, seededRandom } from '#shared/base/random.ts';

/** `inputs` is [count, bytes of one example's inputs], `labels` is [count]. */
export interface Rows {
  readonly count: number;
  readonly inputs: Uint8Array;
  readonly labels: Uint8Array;
}

/** The chosen rows in the order of `chosen`. */
export function chosenRows({ count, inputs, labels }: Rows, chosen: Uint32Array): Rows {
  const inputBytes = inputs.length / count;
  const picked = new Uint8Array(chosen.length * inputBytes);
  chosen.forEach((index, i) =>
    picked.set(inputs.subarray(index * inputBytes, (index + 1) * inputBytes), i * inputBytes),
  );
  return {
    count: chosen.length,
    inputs: picked,
    labels: Uint8Array.from(chosen, (index) => labels[index] as number),
  };
}

/** All rows of the parts, one part after another. */
export const joinedRows = (parts: readonly Rows[]): Rows => ({
  count: parts.reduce((sum, { count }) => sum + count, 0),
  inputs: concatBytes(...parts.map(({ inputs }) => inputs)),
  labels: concatBytes(...parts.map(({ labels }) => labels)),
});

/** The rows in a random order by seed, in two parts, of which the first is `share` (0..1, rounded down). */
export function splitRows(rows: Rows, share: number, seed: string): readonly [Rows, Rows] {
  const order = permutation(seededRandom(seed), rows.count);
  const first = Math.floor(rows.count * share);
  return [chosenRows(rows, order.subarray(0, first)), chosenRows(rows, order.subarray(first))];
}

/** Consecutive parts of at most `most` rows. */
export function cutRows(rows: Rows, most: number): readonly Rows[] {
  const order = Uint32Array.from({ length: rows.count }, (_, i) => i);
  return Array.from({ length: Math.ceil(rows.count / most) }, (_, i) =>
    chosenRows(rows, order.subarray(i * most, (i + 1) * most)),
  );
}
