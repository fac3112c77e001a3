/** What the suites make of their times. */

/** Of one `matmul` of the workload. */
export const MATMUL_FLOP = 2 * 512 ** 3;

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** To three decimals. */
export function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

export function gigaflops(flop: number, ms: number): number {
  return round(flop / ms / 1e6);
}
