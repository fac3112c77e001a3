/**
 * Pearson's χ² test that bytes are uniform: 256 equally likely values, 255 degrees of freedom.
 *
 * For tests of masked vectors. The bound is the Wilson–Hilferty approximation (1931) of the quantile.
 */

/** Σ (observed − expected)²/expected over the 256 byte values. */
export function chiSquareOfBytes(bytes: Uint8Array): number {
  if (bytes.length < 256 * 5) throw new RangeError(`bytes: ${bytes.length} are too few for the test`);
  const observed = new Float64Array(256);
  for (const byte of bytes) observed[byte] = (observed[byte] as number) + 1;
  const expected = bytes.length / 256;
  return observed.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Uniform bytes stay below this but for 1 in 10⁶ samples (z = 4.753424). */
export const CHI_SQUARE_BOUND = 255 * (1 - 2 / (9 * 255) + 4.753424 * Math.sqrt(2 / (9 * 255))) ** 3;
