/** Solves the mechanism of a run once, for its offers. */
import type { Result } from '../base/result.ts';
import { fail, ok } from '../base/result.ts';
import type { MechanismParameters } from './mechanism-parameters.ts';
import { planRun } from './plan.ts';
import type { PlanSettings, SettingFault } from './plan-settings.ts';

/** Solves σ and s; refuses what cannot work, with the reason and the nearest setting that does. */
export function parametersForOffer(settings: PlanSettings): Result<MechanismParameters, SettingFault> {
  const plan = planRun(settings);
  if (!plan.ok) return fail(plan.fault);
  const { mode = 'distributed', parameters, bits, minSurvivors, accomplices, clipNorm } = settings;
  const { scale, noiseSteps, squaredNormBound, lanes } = plan.value;
  return ok({
    mode,
    parameters,
    bits,
    minSurvivors,
    accomplices,
    clipNorm,
    scale,
    noiseSteps,
    squaredNormBound,
    lanes,
  });
}
