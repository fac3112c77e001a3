/**
 * A run's privacy settings: judged once when the run is made, and refused with the reason and the nearest value that
 * works (design: PRIVACY.md, "Pipeline of an update"). Values are judged by the plan, not by the schema, so that a
 * negative number, NaN or a contradiction between settings gets the same kind of answer.
 */
import * as v from 'valibot';
import type { Result } from '../base/result.ts';
import { fail, ok } from '../base/result.ts';
import { parametersForOffer } from './mechanism.ts';
import type { OfferedPrivacy } from './offered-privacy.ts';
import type { PlanSettings, SettingFault, SettingName } from './plan-settings.ts';

const DEFAULT_BITS = 20;

/** NaN too. */
const anyNumber = v.custom<number>((value) => typeof value === 'number', 'expected a number');

/** As an admin writes them; what they mean beside the run's own settings is for `checkedPrivacy`. */
export const privacySettings = v.variant('mode', [
  v.strictObject({ mode: v.literal('none') }),
  v.strictObject({
    mode: v.picklist(['distributed', 'central', 'local']),
    /** L2 norm of an update, at most. */
    clipNorm: anyNumber,
    /** Of the ring. */
    bits: v.optional(anyNumber, DEFAULT_BITS),
    /** Of one client after all its participations. */
    epsilon: anyNumber,
    delta: anyNumber,
    /** Rounds one client takes part in, at most; all of them unless said. */
    participations: v.optional(anyNumber),
    /** The clip norm is the first round's, and then follows a noised count of the updates that kept to it; false unless said. */
    adaptiveClip: v.optional(v.boolean()),
  }),
]);
export type PrivacySettings = v.InferOutput<typeof privacySettings>;

/** What the run's other settings and its model say. */
export type PlannedRun = Pick<
  PlanSettings,
  'clients' | 'rounds' | 'minSurvivors' | 'accomplices' | 'parameters' | 'lanes'
>;

/** What the run's offers carry; null where no noise is added. */
export function checkedPrivacy(
  privacy: PrivacySettings,
  run: PlannedRun,
): Result<OfferedPrivacy | null, SettingFault> {
  if (privacy.mode === 'none') return ok(null);
  const { mode, participations = run.rounds, epsilon, delta } = privacy;
  const solved = parametersForOffer({ ...run, ...privacy, participations });
  if (!solved.ok) return fail(solved.fault);
  const mechanism = { ...solved.value, mode, lanes: [...solved.value.lanes] };
  return ok({ mechanism, caps: { participations, epsilon, delta } });
}

const OF_PRIVACY: readonly SettingName[] = ['clipNorm', 'bits', 'epsilon', 'delta', 'participations'];

/** `<setting>: <reason>`, as refusals of a run's settings are written. */
export function refusalText({ setting, reason, nearest }: SettingFault): string {
  const path = OF_PRIVACY.includes(setting) ? `privacy.${setting}` : setting;
  const hint =
    nearest === null
      ? 'Nothing else works with the other settings as they are.'
      : `The nearest that works is ${nearest}.`;
  return `${path}: ${reason}. ${hint}`;
}
