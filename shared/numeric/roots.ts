/** Roots of a continuous function of one variable by Chandrupatla's method (Advances in Engineering Software, 1997). */

export interface Bracket {
  readonly low: number;
  readonly high: number;
}

const MAX_EVALUATIONS = 300;

/**
 * Narrows [low, high] around a sign change of f until it is narrower than `relative`·|x| (or cannot be narrowed).
 * A caller that must not err to one side takes that end. Throws RangeError where f has the same sign at both ends.
 */
export function bracketRoot(
  f: (x: number) => number,
  { low, high }: Bracket,
  relative = 4 * Number.EPSILON,
): Bracket {
  let [a, b] = [low, high];
  let [fa, fb] = [f(a), f(b)];
  if (fa === 0) return { low: a, high: a };
  if (fb === 0) return { low: b, high: b };
  if (!(fa < 0 !== fb < 0) || Number.isNaN(fa) || Number.isNaN(fb)) {
    throw new RangeError(`no root between ${low} and ${high}`);
  }
  let fraction = 0.5;
  for (let count = 0; count < MAX_EVALUATIONS; count++) {
    const x = a + fraction * (b - a);
    if (x === a || x === b) break;
    const fx = f(x);
    if (fx === 0) return { low: x, high: x };
    const [c, fc] = fx < 0 === fa < 0 ? [a, fa] : [b, fb];
    if (c === b) [b, fb] = [a, fa];
    [a, fa] = [x, fx];
    const width = Math.abs(b - a);
    const best = Math.abs(fa) < Math.abs(fb) ? a : b;
    const tolerance = relative * Math.abs(best);
    if (width <= tolerance) break;
    fraction = nextFraction({ a, fa, b, fb, c, fc });
    const margin = Math.min(0.5, (0.5 * tolerance) / width);
    fraction = Math.min(1 - margin, Math.max(margin, fraction));
  }
  return a < b ? { low: a, high: b } : { low: b, high: a };
}

interface ThreePoints {
  readonly a: number;
  readonly fa: number;
  readonly b: number;
  readonly fb: number;
  readonly c: number;
  readonly fc: number;
}

/** Inverse quadratic interpolation where it is safe, else the middle. */
function nextFraction({ a, fa, b, fb, c, fc }: ThreePoints): number {
  const xi = (a - b) / (c - b);
  const phi = (fa - fb) / (fc - fb);
  if (!(phi ** 2 < xi && (1 - phi) ** 2 < 1 - xi)) return 0.5;
  const fraction =
    (fa / (fb - fa)) * (fc / (fb - fc)) + ((c - a) / (b - a)) * (fa / (fc - fa)) * (fb / (fc - fb));
  return Number.isFinite(fraction) ? fraction : 0.5;
}
