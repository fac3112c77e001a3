/** An admin's wish for more of a run: whether it can be, why not, and what the run's log says of it (EXTEND-1). */
import { fail, ok, type Result } from '#shared/base/result.ts';
import { refusalText } from '#shared/privacy/settings.ts';
import { epsilonText } from '#shared/privacy/statement.ts';
import { extendedSettings, runExtension } from '#shared/tasks/extension.ts';
import { parameterCount } from '#shared/tasks/layout.ts';
import { currentTerms } from '#shared/tasks/run-terms.ts';
import type { RunSettings } from '#shared/tasks/run.ts';
import * as v from 'valibot';
import type { RunRecord } from './store/port.ts';

/** `state`: it cannot be extended as it stands; `settings`: what was asked for cannot be. */
export interface ExtensionRefusal {
  readonly reason: 'state' | 'settings';
  readonly sentence: string;
}

interface Extension {
  readonly settings: RunSettings;
  /** For the log. */
  readonly words: string;
}

/** Each extension is kept, since tabs may have agreed to any of them. */
const MAX_EXTENSIONS = 100;

const state = (sentence: string): ExtensionRefusal => ({ reason: 'state', sentence });

export const ENDING = state('This run is coming to its end. Try again when it has.');

export function extensionOf(run: RunRecord, input: unknown): Result<Extension, ExtensionRefusal> {
  if (run.state === 'waiting')
    return fail(
      state('This run was not started yet. Start it, or make another with the settings that you want.'),
    );
  if (run.state === 'failed') return fail(state('This run has failed and cannot go on. Make a new one.'));
  if ((run.settings.earlier?.length ?? 0) >= MAX_EXTENSIONS)
    return fail(state(`This run was extended ${MAX_EXTENSIONS} times, which is the most. Make a new one.`));
  const asked = v.safeParse(runExtension, input, { abortEarly: true });
  if (!asked.success) {
    const { message } = asked.issues[0];
    const path = v.getDotPath(asked.issues[0]);
    return fail({ reason: 'settings', sentence: path === null ? message : `${path}: ${message}` });
  }
  const settings = extendedSettings(run.settings, parameterCount(run.task.model), asked.output);
  if (!settings.ok) return fail({ reason: 'settings', sentence: refusalText(settings.fault) });
  return ok({ settings: settings.value, words: inWords(run.settings, settings.value) });
}

function inWords(before: RunSettings, after: RunSettings): string {
  const [was, is] = [currentTerms(before), currentTerms(after)];
  const changes = [was.rounds === is.rounds ? null : `from ${was.rounds} to ${is.rounds} rounds`];
  if (was.caps !== null && is.caps !== null && was.caps.participations !== is.caps.participations)
    changes.push(
      `for each participant from ${was.caps.participations} to ${is.caps.participations} of them, from ε ≤ ${epsilonText(was.caps.epsilon)} to ε ≤ ${epsilonText(is.caps.epsilon)} at the end`,
    );
  const what = changes.filter((change) => change !== null).join(', ');
  return `The admin extended the run ${what}. Each participant is asked whether it agrees; until then it takes part in nothing beyond what it agreed to.`;
}
