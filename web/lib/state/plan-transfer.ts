/** Between the planner and the form that makes a run: what one has written becomes the other's. */
import type { NoiseMode } from '#shared/privacy/mechanism-parameters.ts';
import { parameterCount } from '#shared/tasks/layout.ts';
import { accomplicesOf } from '#shared/tasks/run.ts';
import type { Task } from '#shared/tasks/task.ts';
import type { PlanStart } from './privacy-plan.svelte.ts';
import type { FieldName, FieldValues } from './run-form.ts';

/** A plan as the form takes it over. */
export interface PlannedRun {
  readonly mode: NoiseMode;
  readonly adaptiveClip: boolean;
  readonly clients: number;
  readonly rounds: number;
  readonly minSurvivors: number;
  readonly accomplices: number;
  readonly epsilon: number;
  readonly delta: number;
  readonly clipNorm: number;
  readonly bits: number;
  /** Null for all rounds. */
  readonly participations: number | null;
}

/** The fields that a plan changes, and what to; a field that fits it already is left as it is. */
export function changesFor(plan: PlannedRun, present: FieldValues): Partial<FieldValues> {
  const { clients, minSurvivors, accomplices } = plan;
  const invited = { clients, accomplicesPerMille: present.accomplicesPerMille ?? 0 };
  const planned: Partial<FieldValues> = {
    clients,
    rounds: plan.rounds,
    minSurvivors,
    // A round that begins with fewer could not be opened.
    minCohort: Math.min(clients, Math.max(present.minCohort ?? 0, minSurvivors)),
    accomplicesPerMille:
      accomplicesOf(invited) === accomplices
        ? present.accomplicesPerMille
        : Math.ceil((1_000 * accomplices) / clients),
    ...(plan.mode === 'none'
      ? {}
      : {
          'privacy.epsilon': plan.epsilon,
          'privacy.delta': plan.delta,
          'privacy.clipNorm': plan.clipNorm,
          'privacy.bits': plan.bits,
          'privacy.participations': plan.participations,
        }),
  };
  const entries = Object.entries(planned) as [FieldName, number | null][];
  return Object.fromEntries(entries.filter(([field, value]) => present[field] !== value));
}

/** What the planner opens with, from the form; without noise it plans the usual one. */
export function plannerStart(
  values: FieldValues,
  task: Task,
  { mode, adaptiveClip }: { readonly mode: NoiseMode; readonly adaptiveClip: boolean },
): PlanStart {
  const { clients, accomplicesPerMille } = values;
  return {
    mode: mode === 'none' ? 'distributed' : mode,
    adaptiveClip,
    clients,
    rounds: values.rounds,
    minSurvivors: values.minSurvivors,
    accomplices:
      clients === null ? null : accomplicesOf({ clients, accomplicesPerMille: accomplicesPerMille ?? 0 }),
    epsilon: values['privacy.epsilon'],
    delta: values['privacy.delta'],
    clipNorm: values['privacy.clipNorm'],
    bits: values['privacy.bits'],
    participations: values['privacy.participations'],
    parameters: parameterCount(task.model),
  };
}
