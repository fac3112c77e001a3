/** The new-run form: what its fields say becomes settings, and a refusal finds the field it is about. */
import { fail, ok, type Result } from '#shared/base/result.ts';
import type { NoiseMode } from '#shared/privacy/mechanism-parameters.ts';
import { DURATION_MS, MIN_COHORT } from '#shared/protocol/limits.ts';
import type { RunSettingsInput } from '#shared/tasks/run.ts';
import type { Task } from '#shared/tasks/task.ts';
import { sentenceOf } from './words.ts';

const FIELDS = [
  'clients',
  'rounds',
  'minCohort',
  'minSurvivors',
  'accomplicesPerMille',
  'privacy.epsilon',
  'privacy.delta',
  'privacy.clipNorm',
  'privacy.bits',
  'privacy.participations',
  'seed',
  'training.epochs',
  'training.batchSize',
  'training.learningRate',
  'durationsMs.offered',
  'durationsMs.training',
  'durationsMs.sharing',
  'durationsMs.masking',
  'durationsMs.confirming',
  'durationsMs.unmasking',
] as const;

/** Named as the setting's path in RunSettings, which is how the coordinator names it in a refusal. */
export type FieldName = (typeof FIELDS)[number];

/** What is written in each field; null where it is empty, which for participations means all rounds. Durations are in seconds here. */
export type FieldValues = Record<FieldName, number | null>;

export interface FieldProblem {
  /** Null where it is about no single field. */
  readonly field: FieldName | null;
  readonly sentence: string;
}

/** The task's own settings, as the form first shows them. */
export const fieldsOf = ({ training }: Task): FieldValues => ({
  clients: MIN_COHORT,
  rounds: 10,
  minCohort: MIN_COHORT,
  minSurvivors: MIN_COHORT,
  accomplicesPerMille: 50,
  'privacy.epsilon': 8,
  'privacy.delta': 1e-5,
  'privacy.clipNorm': 1,
  'privacy.bits': 20,
  'privacy.participations': null,
  seed: 1,
  'training.epochs': training.epochs,
  'training.batchSize': training.batchSize,
  'training.learningRate': training.learningRate,
  'durationsMs.offered': DURATION_MS.offered / 1_000,
  'durationsMs.training': DURATION_MS.training / 1_000,
  'durationsMs.sharing': DURATION_MS.sharing / 1_000,
  'durationsMs.masking': DURATION_MS.masking / 1_000,
  'durationsMs.confirming': DURATION_MS.confirming / 1_000,
  'durationsMs.unmasking': DURATION_MS.unmasking / 1_000,
});

/** Refuses empty fields alone: the coordinator judges the values, once for every way of making a run. */
export function settingsOf(
  values: FieldValues,
  task: Task,
  mode: NoiseMode = 'none',
  adaptiveClip = false,
): Result<RunSettingsInput, FieldProblem> {
  const isAsked = (field: FieldName) =>
    field.startsWith('privacy.') ? mode !== 'none' && field !== 'privacy.participations' : true;
  const empty = FIELDS.find((field) => isAsked(field) && values[field] === null);
  if (empty !== undefined) return fail({ field: empty, sentence: 'Write a number here.' });
  const value = (field: FieldName) => values[field] ?? Number.NaN;
  const durationMs = (field: FieldName) => Math.round(1_000 * value(field));
  return ok({
    taskId: task.id,
    clients: value('clients'),
    rounds: value('rounds'),
    minCohort: value('minCohort'),
    minSurvivors: value('minSurvivors'),
    accomplicesPerMille: value('accomplicesPerMille'),
    privacy:
      mode === 'none'
        ? { mode }
        : {
            mode,
            epsilon: value('privacy.epsilon'),
            delta: value('privacy.delta'),
            clipNorm: value('privacy.clipNorm'),
            bits: value('privacy.bits'),
            ...(values['privacy.participations'] === null
              ? {}
              : { participations: value('privacy.participations') }),
            ...(adaptiveClip ? { adaptiveClip } : {}),
          },
    seed: value('seed'),
    training: {
      ...task.training,
      epochs: value('training.epochs'),
      batchSize: value('training.batchSize'),
      learningRate: value('training.learningRate'),
    },
    durationsMs: {
      offered: durationMs('durationsMs.offered'),
      training: durationMs('durationsMs.training'),
      sharing: durationMs('durationsMs.sharing'),
      masking: durationMs('durationsMs.masking'),
      confirming: durationMs('durationsMs.confirming'),
      unmasking: durationMs('durationsMs.unmasking'),
    },
  });
}

/** The coordinator's refusal, `<setting>: <reason>`, as a sentence at that setting's field. */
export function problemOf(refusal: string): FieldProblem {
  const [, path, reason] = /^([A-Za-z.]+): (.+)$/s.exec(refusal) ?? [];
  const field = FIELDS.find((name) => name === path);
  if (field === undefined || reason === undefined) return { field: null, sentence: refusal };
  return { field, sentence: sentenceOf(reason) };
}
