/** Vectors modulo 2^32, four words at a time. */

/**
 * sum[quads · 4] ← sum + terms modulo 2^32 in place, or sum − terms. Addresses in bytes; the two do not overlap.
 */
export function accumulate(sum: usize, terms: usize, quads: usize, subtract: bool): void {
  const end = sum + quads * 16;
  if (subtract)
    for (; sum < end; sum += 16, terms += 16) v128.store(sum, i32x4.sub(v128.load(sum), v128.load(terms)));
  else for (; sum < end; sum += 16, terms += 16) v128.store(sum, i32x4.add(v128.load(sum), v128.load(terms)));
}
