/** What the planner draws: ε as rounds go by, and the noise against the signal as tabs are added. */
import { MAX_COHORT, MIN_COHORT } from '#shared/protocol/limits.ts';
import { epsilonOfNoise } from '#shared/privacy/mechanism-epsilon.ts';
import type { Plan } from '#shared/privacy/plan.ts';
import { planRun } from '#shared/privacy/plan.ts';
import type { PlanSettings } from '#shared/privacy/plan-settings.ts';

const MOST_POINTS = 30;
const STEP = Math.SQRT2;

export interface Curve {
  readonly at: readonly number[];
  /** Null where there is none. */
  readonly values: readonly (number | null)[];
}

/** ε of a client after each of its rounds, of at most so many of them, the first and the last among them. */
export function epsilonCurve(settings: PlanSettings, plan: Plan): Curve {
  const { mode = 'distributed', participations, delta } = settings;
  const step = Math.max(1, Math.ceil(participations / MOST_POINTS));
  const at = [1];
  for (let round = step; round < participations; round += step) if (round > 1) at.push(round);
  if (participations > 1) at.push(participations);
  return { at, values: at.map((rounds) => epsilonAfter(rounds)) };

  function epsilonAfter(rounds: number): number {
    const noise = { mode, sensitivity: plan.sensitivity, variance: plan.noiseSteps ** 2 };
    return epsilonOfNoise({ ...noise, participations: rounds }, delta).epsilon;
  }
}

/**
 * Noise in the mean against the largest update, for cohorts from the smallest to the largest there can be, the planned
 * one among them; as large a part of each survives.
 */
export function noiseCurve(settings: PlanSettings): Curve {
  const { clients, minSurvivors } = settings;
  const at = cohortsAround(clients);
  const values = at.map((tabs) => {
    const plan = planRun({
      ...settings,
      clients: tabs,
      minSurvivors: Math.ceil((minSurvivors * tabs) / clients),
    });
    return plan.ok ? plan.value.noiseToClip : null;
  });
  return { at, values };
}

/** In steps of a factor, from which `clients` takes its neighbours' place. */
function cohortsAround(clients: number): number[] {
  const cohorts = new Set([MIN_COHORT, clients, MAX_COHORT]);
  for (let tabs = MIN_COHORT * STEP; tabs < MAX_COHORT / Math.sqrt(STEP); tabs *= STEP) {
    const isNear = Math.abs(Math.log(tabs / clients)) < Math.log(STEP) / 2;
    if (!isNear) cohorts.add(Math.round(tabs));
  }
  return [...cohorts].toSorted((a, b) => a - b);
}
