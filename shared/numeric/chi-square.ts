/**
 * Pearson's χ² test: of any counts, and that bytes are uniform (256 equally likely values, 255 degrees of freedom).
 *
 * For tests of masked vectors and of noise. The bound is the Wilson–Hilferty approximation (1931) of the quantile.
 */

/** Σ (observed − expected)²/expected over cells that each expect 5 or more. */
export function chiSquare(observed: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (observed.length !== expected.length)
    throw new RangeError(`observed: ${observed.length} cells, not ${expected.length}`);
  let sum = 0;
  for (let cell = 0; cell < expected.length; cell++) {
    const mean = expected[cell] as number;
    if (!(mean >= 5)) throw new RangeError(`expected: ${mean} in a cell is too few for the test`);
    sum += ((observed[cell] as number) - mean) ** 2 / mean;
  }
  return sum;
}

export function chiSquareOfBytes(bytes: Uint8Array): number {
  if (bytes.length < 256 * 5) throw new RangeError(`bytes: ${bytes.length} are too few for the test`);
  const observed = new Float64Array(256);
  for (const byte of bytes) observed[byte] = (observed[byte] as number) + 1;
  return chiSquare(observed, new Float64Array(256).fill(bytes.length / 256));
}

/** Samples of what is expected stay below this but for 1 in 10⁶ (z = 4.753424). */
export const chiSquareBound = (degrees: number): number =>
  degrees * (1 - 2 / (9 * degrees) + 4.753424 * Math.sqrt(2 / (9 * degrees))) ** 3;

/** Of uniform bytes. */
export const CHI_SQUARE_BOUND = chiSquareBound(255);
