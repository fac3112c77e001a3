/**
 * Privacy loss distributions on a grid, by "connecting the dots" (Doroshenko, Ghazi, Kamath, Kumar, Manurangsi,
 * PoPETs 2022): the mass between two neighbouring losses is shared between them so that its probability under both
 * neighbours is kept, which makes every δ(ε) the true one on the grid and above it between.
 */

/** Longest grid that is worked on. */
export const MAX_GRID = 2 ** 20;

/** Losses (first + i)·interval with probability masses[i], and an infinite loss. */
export interface LossDistribution {
  readonly interval: number;
  readonly first: number;
  readonly masses: Float64Array;
  readonly infinityMass: number;
}

/** Outcomes whose loss log(p/q) lies in (loss, loss + interval] for consecutive grid losses from `first` on. */
export interface LossBins {
  readonly interval: number;
  readonly first: number;
  /** Probability of each bin's outcomes under the actual data, and under the neighbour: [bins]. */
  readonly p: Float64Array;
  readonly q: Float64Array;
  /** Mass of losses at or below the first grid loss: moved up to it. */
  readonly below: number;
  /** Mass of losses above the last grid loss: counted as infinite. */
  readonly above: number;
}

/** e to this is still a double. */
const LARGEST_EXPONENT = 700;

export function connectTheDots({ interval, first, p, q, below, above }: LossBins): LossDistribution {
  const masses = new Float64Array(p.length + 1);
  masses[0] = below;
  const spread = Math.expm1(interval);
  for (const [index, mass] of p.entries()) {
    const upper = (first + index + 1) * interval;
    // Past the range of a double all mass moves up, which only reports more.
    const scaled = upper > LARGEST_EXPONENT ? 0 : (q[index] as number) * Math.exp(upper);
    const toLower = Math.min(mass, Math.max(0, (scaled - mass) / spread));
    masses[index] = (masses[index] as number) + toLower;
    masses[index + 1] = mass - toLower;
  }
  return { interval, first, masses, infinityMass: above };
}

/** The same outcomes with the neighbours exchanged. */
export function exchangeNeighbours(
  bins: LossBins,
  outside: { readonly below: number; readonly above: number },
): LossBins {
  return {
    interval: bins.interval,
    first: -(bins.first + bins.p.length),
    p: bins.q.toReversed(),
    q: bins.p.toReversed(),
    ...outside,
  };
}

/** δ at `epsilon`: Σ over larger losses of mass·(1 − e^(ε − loss)). */
export function deltaOfLosses(losses: LossDistribution, epsilon: number): number {
  const { interval, first, masses, infinityMass } = losses;
  let sum = 0;
  for (let index = masses.length - 1; index >= 0; index--) {
    const loss = (first + index) * interval;
    if (loss <= epsilon) break;
    sum += (masses[index] as number) * -Math.expm1(epsilon - loss);
  }
  return Math.min(1, Math.max(0, infinityMass + sum));
}

/** The least ε ≥ 0 with δ(ε) ≤ `delta`; ∞ where the infinite loss alone is likelier. */
export function epsilonOfLosses(losses: LossDistribution, delta: number): number {
  const { interval, first, masses, infinityMass } = losses;
  if (infinityMass > delta) return Infinity;
  if (deltaOfLosses(losses, 0) <= delta) return 0;
  // Between two grid losses δ(ε) = infinityMass + mass − e^(ε − loss)·weight over the losses above the lower one.
  const decay = Math.exp(-interval);
  let mass = 0;
  let weight = 0;
  for (let index = masses.length - 1; index > 0; index--) {
    const lower = (first + index - 1) * interval;
    mass += masses[index] as number;
    weight = (weight + (masses[index] as number)) * decay;
    if (lower <= 0 || (weight > 0 && infinityMass + mass - weight > delta)) {
      return Math.max(0, lower + Math.log((infinityMass + mass - delta) / weight));
    }
  }
  return Math.max(0, first * interval + Math.log((infinityMass + mass - delta) / weight));
}
