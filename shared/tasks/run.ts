/** The settings of one run: chosen by an admin, checked at creation, part of every offer. */
import * as v from 'valibot';
import { MIN_COHORT, MAX_COHORT, MAX_ROUNDS, DURATION_MS } from '../protocol/limits.ts';
import { localTraining } from './task.ts';

const integer = v.pipe(v.number(), v.safeInteger('an integer, without a fraction'));
const durationMs = v.pipe(
  integer,
  v.minValue(100, 'at least 0.1 seconds'),
  v.maxValue(3_600_000, 'at most an hour'),
);

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
  rounds: v.pipe(
    integer,
    v.minValue(1, 'rounds: at least 1'),
    v.maxValue(MAX_ROUNDS, `rounds: at most ${MAX_ROUNDS}`),
  ),
  /** Seeds the initial model and every shuffle; never a secret. */
  seed: v.optional(v.pipe(integer, v.minValue(0, 'at least 0')), 1),
  training: v.optional(localTraining),
  durationsMs: v.optional(
    v.strictObject({ offered: durationMs, training: durationMs, rostered: durationMs, masking: durationMs }),
    DURATION_MS,
  ),
});
export type RunSettingsInput = v.InferInput<typeof runSettings>;
export type RunSettings = v.InferOutput<typeof runSettings>;
