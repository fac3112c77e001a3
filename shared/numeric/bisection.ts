/** Bisection of whole numbers. */

/**
 * The number nearest to `fails` on the way to `works` for which `test` holds: it fails for the first and holds for the
 * second, and is asked of neither. Between the two it changes once.
 */
export function bisect(fails: number, works: number, test: (value: number) => boolean): number {
  let [bad, good] = [fails, works];
  while (Math.abs(good - bad) > 1) {
    const middle = Math.trunc((bad + good) / 2);
    if (test(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/** The largest number up to `most` for which `test` holds, where it holds for `least` and for all below one it holds for. */
export const mostWithin = (least: number, most: number, test: (value: number) => boolean): number =>
  test(most) ? most : bisect(most, least, test);
