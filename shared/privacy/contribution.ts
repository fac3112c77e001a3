/**
 * From an update to the ring words that are masked, and from an opened sum to the mean update (design: PRIVACY.md,
 * "Pipeline of an update"). Noise comes before the reduction modulo 2^W: wrap-around costs accuracy, never privacy.
 */
import { invariant } from '../base/invariant.ts';
import { rotate, rotationBlocks, unrotate } from '../numeric/rotate.ts';
import { clipToNorm } from './clip.ts';
import { roundWithinNorm } from './conditional-rounding.ts';
import type { MechanismParameters } from './mechanism-parameters.ts';
import { drawVariance, isSound, mechanismWords } from './mechanism-parameters.ts';
import { addNoise } from './noise.ts';
import type { NoiseTable } from './noise-table.ts';
import { discreteGaussianTable, skellamTable } from './noise-table.ts';
import type { SecretRandom } from './noise-words.ts';

export type Party = 'participant' | 'coordinator';

/** The mechanism with what one party computes once for a run: its table, where it is the one that adds noise. */
export interface PreparedMechanism<Who extends Party> {
  readonly party: Who;
  readonly parameters: MechanismParameters;
  readonly blocks: readonly number[];
  readonly table: NoiseTable | null;
}

/** Throws RangeError for parameters that are not sound: a tab refuses those before. Takes up to 0.1 s. */
export function prepareMechanism<Who extends Party>(
  parameters: MechanismParameters,
  party: Who,
): PreparedMechanism<Who> {
  if (!isSound(parameters)) throw new RangeError(`parameters: no mechanism of mode ${parameters.mode}`);
  return {
    party,
    parameters,
    blocks: rotationBlocks(parameters.parameters),
    table: tableFor(parameters, party),
  };
}

function tableFor(parameters: MechanismParameters, party: Party): NoiseTable | null {
  switch (parameters.mode) {
    case 'distributed':
      return party === 'participant' ? skellamTable(drawVariance(parameters)) : null;
    case 'local':
      return party === 'participant' ? discreteGaussianTable(drawVariance(parameters)) : null;
    case 'central':
      return party === 'coordinator' ? discreteGaussianTable(drawVariance(parameters)) : null;
    case 'none':
      return null;
  }
}

export interface Contribution {
  /** [parameters]; null where training failed. Not changed. */
  readonly update: Float32Array;
  /** Values of the extra lanes, in their order. */
  readonly laneValues: readonly number[];
}

export interface SumContext {
  /** 32 bytes, which everyone in the round has: the rotation's signs. */
  readonly sid: Uint8Array;
  readonly secret: SecretRandom;
}

/**
 * Clips, rotates, rounds and adds this tab's noise: words below 2^W, the padded update and then the extra lanes. Where
 * `contribution` is null (training failed) or a number in it is not finite, the words are those of zeros.
 */
export function applyMechanism(
  contribution: Contribution | null,
  { parameters, blocks, table }: PreparedMechanism<'participant'>,
  { sid, secret }: SumContext,
): Uint32Array {
  const { bits, clipNorm, lanes } = parameters;
  const words = new Uint32Array(mechanismWords(parameters));
  const paddedLength = words.length - lanes.length;
  if (contribution !== null && isFiniteContribution(contribution, parameters)) {
    const padded = new Float32Array(paddedLength);
    padded.set(contribution.update);
    clipToNorm(padded, clipNorm);
    rotate(padded, blocks, sid);
    roundWithinNorm(words.subarray(0, paddedLength), padded, parameters, secret);
    padded.fill(0);
    for (const [index, bound] of lanes.entries()) {
      words[paddedLength + index] = clampedLane(contribution.laneValues[index] as number, bound);
    }
  }
  if (table !== null) addNoise(words, table, secret);
  reduceWords(words, bits);
  return words;
}

function isFiniteContribution(
  { update, laneValues }: Contribution,
  { parameters, lanes }: MechanismParameters,
): boolean {
  if (update.length !== parameters) throw new RangeError(`update: ${update.length} lanes, not ${parameters}`);
  if (laneValues.length !== lanes.length)
    throw new RangeError(`laneValues: ${laneValues.length}, not ${lanes.length}`);
  return (
    laneValues.every((value) => Number.isFinite(value)) && update.every((value) => Number.isFinite(value))
  );
}

const clampedLane = (value: number, bound: number): number =>
  Math.round(Math.min(bound, Math.max(-bound, value)));

function reduceWords(words: Uint32Array, bits: number): void {
  const mask = bits === 32 ? 0xffff_ffff : 2 ** bits - 1;
  for (let i = 0; i < words.length; i++) words[i] = (words[i] as number) & mask;
}

export interface DecodedSum {
  /** Mean update [parameters] over the survivors. */
  readonly mean: Float32Array;
  /** Sums of the extra lanes, with their noise. */
  readonly laneSums: readonly number[];
}

/**
 * The mean that an opened sum of `survivors` contributions stands for; in the central mode after the coordinator's own
 * noise, added modulo 2^W and before the sum is centred. `sum` then holds what is released, noise included: words
 * below 2^W.
 */
export function decodeSum(
  sum: Uint32Array,
  { parameters, blocks, table }: PreparedMechanism<'coordinator'>,
  { survivors, sid, secret }: SumContext & { readonly survivors: number },
): DecodedSum {
  const expected = mechanismWords(parameters);
  const paddedLength = expected - parameters.lanes.length;
  if (sum.length !== expected) throw new RangeError(`sum: ${sum.length} words, not ${expected}`);
  invariant(Number.isInteger(survivors) && survivors >= 1, 'a sum has survivors');
  if (table !== null) addNoise(sum, table, secret);
  reduceWords(sum, parameters.bits);
  const unused = 32 - parameters.bits;
  const centred = (index: number): number => ((sum[index] as number) << unused) >> unused;
  const padded = new Float32Array(paddedLength);
  const factor = 1 / (parameters.scale * survivors);
  for (let i = 0; i < paddedLength; i++) padded[i] = centred(i) * factor;
  const laneSums = parameters.lanes.map((_, index) => centred(paddedLength + index));
  unrotate(padded, blocks, sid);
  return { mean: padded.slice(0, parameters.parameters), laneSums };
}
