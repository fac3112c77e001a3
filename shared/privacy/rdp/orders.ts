/** The Rényi orders over which a curve is minimised. */

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Exact closed forms at every one of them. */
export const INTEGER_ORDERS: readonly number[] = [...range(2, 63), 128, 256, 512, 1024];

/** What dp_accounting uses when asked for none. */
export const DEFAULT_ORDERS: readonly number[] = [
  ...range(11, 109).map((tenths) => tenths / 10),
  ...range(11, 63),
  128,
  256,
  512,
  1024,
];

/** Of the distributed discrete mechanisms, whose bounds hold for integer orders. */
export const DISTRIBUTED_ORDERS: readonly number[] = [...range(2, 128), 256];

export const integerOrders = range;
