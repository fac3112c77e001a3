/** Clipping to the norm that a client's contribution may have (McMahan et al. 2018, "flat clipping"). */

/** L2 norm of finite lanes; NaN or ∞ where one is not finite. Finite Float32 lanes cannot overflow it. */
export function l2Norm(vector: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += (vector[i] as number) ** 2;
  return Math.sqrt(sum);
}

/**
 * Scales `vector` in place to L2 norm `clipNorm` where it is longer; up to the rounding of its lanes, which the exact
 * test of conditional rounding covers. A vector with a lane that is not finite becomes zeros: it is contributed all the
 * same, since dropping out would tell of it.
 */
export function clipToNorm(vector: Float32Array, clipNorm: number): void {
  if (!(clipNorm > 0)) throw new RangeError(`clipNorm: ${clipNorm} is not above 0`);
  const norm = l2Norm(vector);
  if (!Number.isFinite(norm)) vector.fill(0);
  if (!(norm > clipNorm)) return;
  const factor = clipNorm / norm;
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) * factor;
}
