/**
 * Tree aggregation (Kairouz et al., "Practical and Private (Deep) Learning without Sampling or Shuffling",
 * arXiv 2103.00039, Appendix D): a client that takes part c times below a node moves that node's sum by c, so one
 * release of the whole tree is a Gaussian mechanism with squared sensitivity Σ c².
 */
import { requireInteger } from './checks.ts';

/** Complete nodes above one leaf of a tree that is restarted after each count of steps, one participation each. */
export function restartedTreeSensitivity(stepsList: readonly number[]): number {
  if (stepsList.length === 0) throw new RangeError('steps_list: is empty');
  let sum = 0;
  for (const steps of stepsList) {
    requireInteger('steps_list', steps, 0);
    if (steps > 0) sum += levels(steps);
  }
  return sum;
}

export interface Participation {
  /** Steps (leaves) of the one tree. */
  readonly steps: number;
  /** How often one client may take part. */
  readonly most: number;
  /** Steps that lie between two of its participations, at least. */
  readonly separation: number;
}

/** The worst Σ c² over every pattern of participation that the limits allow. */
export function treeSensitivity({ steps, most, separation }: Participation): number {
  requireInteger('total_steps', steps, 1);
  requireInteger('max_participation', most, 1);
  requireInteger('min_separation', separation, 0);
  const worst = worstOfTree(separation + 1);
  let largest = 0;
  for (let count = 1; count <= most && (count - 1) * (separation + 1) < steps; count++) {
    largest = Math.max(largest, worst({ count, start: 0, overhang: separation, size: steps }));
  }
  return largest;
}

/** The largest power of two in `size`, as an exponent. */
const largestExponent = (size: number): number => Math.floor(Math.log2(size));
const levels = (size: number): number => largestExponent(size) + 1;

interface Block {
  /** Participations inside it. */
  readonly count: number;
  /** Its first leaves that are too near to the participation before. */
  readonly start: number;
  /** How many leaves after it the last participation may keep blocked. */
  readonly overhang: number;
  readonly size: number;
}

/** Dynamic programme over blocks of leaves: the worst Σ c² in a block, −∞ where the pattern does not fit. */
function worstOfTree(spacing: number): (block: Block) => number {
  const known = new Map<string, number>();
  const worst = (block: Block): number => {
    const { count, start, overhang, size } = block;
    if (start + spacing * count > size + overhang) return -Infinity;
    if (count === 0) return 0;
    if (size === 1) return 1;
    const key = `${count},${start},${overhang},${size}`;
    let value = known.get(key);
    if (value === undefined) {
      value = split(block);
      known.set(key, value);
    }
    return value;
  };
  const split = ({ count, start, overhang, size }: Block): number => {
    const exponent = largestExponent(size);
    const complete = 2 ** exponent === size;
    const left = complete ? size / 2 : 2 ** exponent;
    let largest = -Infinity;
    for (let right = 0; right <= count; right++) {
      for (let carried = 0; carried < spacing; carried++) {
        const before = worst({ count: count - right, start, overhang: carried, size: left });
        if (before === -Infinity) continue;
        const after = worst({ count: right, start: carried, overhang, size: size - left });
        largest = Math.max(largest, before + after);
      }
    }
    return largest + (complete ? count ** 2 : 0);
  };
  return worst;
}
