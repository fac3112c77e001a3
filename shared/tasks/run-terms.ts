/**
 * What a run's settings promise, before and after it was extended (EXTEND-1). The noise stays the one that was promised
 * first: what grows is the number of rounds, and with it ε.
 */
import { ok, type Result } from '../base/result.ts';
import type { OfferedPrivacy } from '../privacy/offered-privacy.ts';
import type { SettingFault } from '../privacy/plan-settings.ts';
import { checkedPrivacy } from '../privacy/settings.ts';
import { accomplicesOf, type RunSettings } from './run.ts';
import type { RunTerms } from './terms.ts';

/** Those in force. */
export function currentTerms({ rounds, privacy }: RunSettings): RunTerms {
  if (privacy.mode === 'none') return { rounds, caps: null };
  const { participations = rounds, epsilon, delta } = privacy;
  return { rounds, caps: { participations, epsilon, delta } };
}

/** Before each extension, and those in force: oldest first. */
export const termsOf = (settings: RunSettings): readonly RunTerms[] => [
  ...(settings.earlier ?? []),
  currentTerms(settings),
];

/** The settings that the run was made with: its noise is what these need. */
export function settingsAsMade(settings: RunSettings): RunSettings {
  const { earlier, ...now } = settings;
  const made = earlier?.[0];
  if (made === undefined) return settings;
  const { rounds, caps } = made;
  if (now.privacy.mode === 'none' || caps === null) return { ...now, rounds };
  const { participations, epsilon } = caps;
  return { ...now, rounds, privacy: { ...now.privacy, participations, epsilon } };
}

/** What a run that is made with such settings would offer, for a model with so many parameters. */
export function noiseFor(
  settings: RunSettings,
  parameters: number,
): Result<OfferedPrivacy | null, SettingFault> {
  const { clients, rounds, minSurvivors, privacy } = settings;
  const run = { clients, rounds, minSurvivors, accomplices: accomplicesOf(settings), parameters, lanes: [] };
  return checkedPrivacy(privacy, run);
}

/**
 * The noise of the run's offers, for a model with so many parameters, beside the caps in force; null where no noise is
 * added. Refused where the settings cannot be kept.
 */
export function promisedPrivacy(
  settings: RunSettings,
  parameters: number,
): Result<OfferedPrivacy | null, SettingFault> {
  const checked = noiseFor(settingsAsMade(settings), parameters);
  if (!checked.ok) return checked;
  const { caps } = currentTerms(settings);
  return ok(checked.value === null || caps === null ? null : { ...checked.value, caps });
}
