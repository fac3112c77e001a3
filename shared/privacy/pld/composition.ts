/**
 * Composition of privacy loss distributions: independent releases add their losses, so masses convolve. The convolution
 * runs once, in the frequency domain, over a window outside which Chernoff's bound leaves less than TRUNCATED_MASS.
 */
import { multiplyByPower, spectrumOf, valuesOf } from '../../numeric/fourier.ts';
import { logSumExp } from '../../numeric/special.ts';
import type { LossDistribution } from './loss-distribution.ts';
import { MAX_GRID } from './loss-distribution.ts';

/** Counted as infinite loss, whatever is composed. */
const TRUNCATED_MASS = 1e-15;

export interface Release {
  readonly losses: LossDistribution;
  readonly count: number;
}

/** The losses of all releases together, which must share one interval; null where the grid would be too long. */
export function composeLosses(releases: readonly Release[]): LossDistribution | null {
  const interval = releases[0]?.losses.interval;
  if (interval === undefined) throw new RangeError('events: none to compose');
  const high = windowEnd(releases, 1);
  const low = -windowEnd(releases, -1);
  const [first, last] = [Math.floor(low / interval), Math.ceil(high / interval)];
  const length = Math.max(2, 2 ** Math.ceil(Math.log2(last - first + 1)));
  if (length > MAX_GRID) return null;
  const spectrum = new Float64Array(2 * length);
  for (let i = 0; i < spectrum.length; i += 2) spectrum[i] = 1;
  let logFinite = 0;
  for (const { losses, count } of releases) {
    multiplyByPower(spectrum, spectrumOf(wrapped(losses, length)), count);
    logFinite += count * Math.log1p(-losses.infinityMass);
  }
  const circular = valuesOf(spectrum);
  const masses = Float64Array.from(
    { length: last - first + 1 },
    (_, index) => circular[modulo(first + index, length)] as number,
  );
  return { interval, first, masses, infinityMass: -Math.expm1(logFinite) + TRUNCATED_MASS };
}

const modulo = (index: number, length: number): number => ((index % length) + length) % length;

function wrapped({ first, masses }: LossDistribution, length: number): Float64Array {
  const circle = new Float64Array(length);
  for (const [index, mass] of masses.entries()) {
    const position = modulo(first + index, length);
    circle[position] = (circle[position] as number) + mass;
  }
  return circle;
}

/** Coarse buckets that the moment generating function is bounded on. */
const BUCKETS = 2_048;
const SMALLEST_TILT = 1e-3;
const TILT_STEP = 1.25;
const TILTS = 80;

/** An x with P[direction · total loss > x] ≤ TRUNCATED_MASS/2, by Chernoff's bound over a range of tilts. */
function windowEnd(releases: readonly Release[], direction: 1 | -1): number {
  const coarse = releases.map(({ losses, count }) => ({ buckets: coarsen(losses, direction), count }));
  const target = Math.log(2 / TRUNCATED_MASS);
  const extreme = coarse.reduce((sum, { buckets, count }) => sum + count * buckets.largest, 0);
  let end = extreme;
  for (let index = 0, tilt = SMALLEST_TILT; index < TILTS; index++, tilt *= TILT_STEP) {
    const cumulant = coarse.reduce((sum, { buckets, count }) => sum + count * cumulantOf(buckets, tilt), 0);
    end = Math.min(end, (cumulant + target) / tilt);
  }
  return end;
}

interface Buckets {
  readonly losses: Float64Array;
  readonly logMasses: Float64Array;
  readonly largest: number;
}

/** Merges masses upwards in `direction`, so that every exponential moment is bounded from above. */
function coarsen({ interval, first, masses }: LossDistribution, direction: 1 | -1): Buckets {
  const perBucket = Math.ceil(masses.length / BUCKETS);
  const count = Math.ceil(masses.length / perBucket);
  const losses = new Float64Array(count);
  const sums = new Float64Array(count);
  for (const [index, mass] of masses.entries()) {
    const bucket = Math.floor(index / perBucket);
    sums[bucket] = (sums[bucket] as number) + mass;
  }
  for (let bucket = 0; bucket < count; bucket++) {
    const edge = direction === 1 ? Math.min(masses.length, (bucket + 1) * perBucket) - 1 : bucket * perBucket;
    losses[bucket] = direction * (first + edge) * interval;
  }
  const largest = direction * (direction === 1 ? first + masses.length - 1 : first) * interval;
  return { losses, logMasses: sums.map(Math.log), largest };
}

function cumulantOf({ losses, logMasses }: Buckets, tilt: number): number {
  return logSumExp(logMasses.map((logMass, index) => logMass + tilt * (losses[index] as number)));
}
