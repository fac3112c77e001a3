/** Under which conditions a round is measured. */
import type { Offer } from '#shared/protocol/messages/directions.ts';
import { DURATION_MS, MIN_COHORT } from '#shared/protocol/limits.ts';

export interface Conditions {
  /** n. */
  readonly cohort: number;
  /** d; one lane more is masked, for the number of examples. */
  readonly parameters: number;
  /** The share of the cohort that vanishes after it has shared and before its upload is complete. */
  readonly dropout: number;
}

/** Cohorts up to this size are measured in the complete graph. */
const LARGEST_COMPLETE = 100;
/** C in thousandths: in the complete graph the most that 30 % dropouts leave room for, else a run's default. */
const ACCOMPLICES_PER_MILLE = { complete: 380, sparse: 50 } as const;
/** D in thousandths: what the offer lets vanish, in sparse graphs at least a run's default. */
const DROPOUTS_PER_MILLE = { complete: 300, sparse: 100 } as const;
const QUANTIZATION_BITS = 16;

/** The most that an offer of these conditions lets vanish, in thousandths. */
export function toleratedPerMille({ cohort, dropout }: Pick<Conditions, 'cohort' | 'dropout'>): number {
  const perMille = Math.round(1_000 * dropout);
  return cohort <= LARGEST_COMPLETE
    ? DROPOUTS_PER_MILLE.complete
    : Math.max(DROPOUTS_PER_MILLE.sparse, perMille);
}

/** `random32` are 32 bytes. */
export function offerFor(cohort: number, dropoutPerMille: number, random32: Uint8Array): Offer {
  const graph = cohort <= LARGEST_COMPLETE ? 'complete' : 'sparse';
  return {
    run: 'bench-of-a-round',
    round: 1,
    attempt: 1,
    nonce: random32,
    modelHash: random32,
    taskId: 'bench',
    training: { epochs: 1, batchSize: 10, learningRate: 0.1, optimizer: { kind: 'sgd' } },
    quantization: { range: 1, bits: QUANTIZATION_BITS },
    weightMax: 1_000,
    invited: cohort,
    minCohort: MIN_COHORT,
    minSurvivors: MIN_COHORT,
    accomplices: Math.max(1, Math.floor((cohort * ACCOMPLICES_PER_MILLE[graph]) / 1_000)),
    dropoutPerMille,
    vectorWords: 1,
    privacy: null,
    seed: 1,
    durationsMs: DURATION_MS,
  };
}

/** Roster indices that vanish, ascending: ⌊n · dropout⌋, spread over the roster, never `self`. */
export function vanished(
  { cohort, dropout }: Pick<Conditions, 'cohort' | 'dropout'>,
  self: number,
): number[] {
  const count = Math.floor((Math.round(1_000 * dropout) * cohort) / 1_000);
  const others = Array.from({ length: cohort }, (_, index) => index).filter((index) => index !== self);
  return Array.from({ length: count }, (_, i) => others[Math.floor((i * others.length) / count)] as number);
}
