/** The settings of one run: chosen by an admin, checked at creation, part of every offer. */
import * as v from 'valibot';
import { MIN_COHORT, MAX_COHORT, MAX_ROUNDS, DURATION_MS } from '../protocol/limits.ts';
import { privacySettings } from '../privacy/settings.ts';
import { localTraining } from './task.ts';
import type { RunTerms } from './terms.ts';

const integer = v.pipe(v.number(), v.safeInteger('an integer, without a fraction'));
const durationMs = v.pipe(
  integer,
  v.minValue(100, 'at least 0.1 seconds'),
  v.maxValue(3_600_000, 'at most an hour'),
);

const perMille = v.pipe(integer, v.minValue(0, 'at least 0'), v.maxValue(499, 'at most 499 in a thousand'));

export const runSettings = v.strictObject({
  taskId: v.string(),
  /** Participants the first round waits for, and the number of shards a demo data set is cut into. */
  clients: v.pipe(
    integer,
    v.minValue(MIN_COHORT, `clients: at least ${MIN_COHORT}, since the sum of fewer would reveal an update`),
    v.maxValue(MAX_COHORT, `clients: at most ${MAX_COHORT}`),
  ),
  /** No round starts, and none is opened, with fewer. */
  minCohort: v.optional(
    v.pipe(
      integer,
      v.minValue(MIN_COHORT, `minCohort: at least ${MIN_COHORT}`),
      v.maxValue(MAX_COHORT, `minCohort: at most ${MAX_COHORT}`),
    ),
    MIN_COHORT,
  ),
  /** No sum of fewer is opened. */
  minSurvivors: v.optional(
    v.pipe(
      integer,
      v.minValue(MIN_COHORT, `minSurvivors: at least ${MIN_COHORT}`),
      v.maxValue(MAX_COHORT, `minSurvivors: at most ${MAX_COHORT}`),
    ),
    MIN_COHORT,
  ),
  /** Participants in a thousand of the invited that may work with the coordinator; at least one is assumed. */
  accomplicesPerMille: v.optional(perMille, 50),
  /** Participants in a thousand of the roster that may vanish without ending the round, in large cohorts. */
  dropoutPerMille: v.optional(perMille, 100),
  /**
   * Ed25519 public key, hex, that invitations come from, where an admin keeps it from the coordinator; else the
   * coordinator's own key is the admin's.
   */
  adminKey: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'adminKey: 64 hex characters'))),
  /** A browser profile takes part with one tab only. */
  onePerProfile: v.optional(v.boolean(), false),
  rounds: v.pipe(
    integer,
    v.minValue(1, 'rounds: at least 1'),
    v.maxValue(MAX_ROUNDS, `rounds: at most ${MAX_ROUNDS}`),
  ),
  /** Seeds the initial model and every shuffle; never a secret. */
  seed: v.optional(v.pipe(integer, v.minValue(0, 'at least 0')), 1),
  training: v.optional(localTraining),
  /**
   * One that an admin brought, in the place of the task's own: `given` begins with its weights, `fresh` with weights
   * drawn by the seed.
   */
  model: v.exactOptional(
    v.strictObject({
      id: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'model.id: 64 hex characters')),
      start: v.picklist(['given', 'fresh']),
    }),
  ),
  /** Noise, and what every client may spend; settings that contradict each other are refused later (privacy/settings). */
  privacy: v.optional(privacySettings, { mode: 'none' }),
  durationsMs: v.optional(
    v.strictObject({
      offered: durationMs,
      training: durationMs,
      sharing: durationMs,
      masking: durationMs,
      confirming: durationMs,
      unmasking: durationMs,
    }),
    DURATION_MS,
  ),
});
export type RunSettingsInput = v.InferInput<typeof runSettings>;
export type RunSettings = v.InferOutput<typeof runSettings> & {
  /** What the run asked before each of its extensions, oldest first; never part of what an admin sends. */
  readonly earlier?: readonly RunTerms[] | undefined;
};

/** C: participants of so many invited that may work with the coordinator; at least one. */
export const accomplicesOf = (
  { accomplicesPerMille, clients }: Pick<RunSettings, 'accomplicesPerMille' | 'clients'>,
  invited = clients,
): number => Math.max(1, Math.floor((invited * accomplicesPerMille) / 1_000));
