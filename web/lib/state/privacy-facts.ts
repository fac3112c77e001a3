/** What pages say of a run's privacy, from what the coordinator's ledger says or from this browser's own. */
import { adaptsClip } from '#shared/privacy/adaptive-clip.ts';
import { budgetOf, countedMechanism, type LedgerEntry } from '#shared/privacy/ledger.ts';
import type { OfferedPrivacy } from '#shared/privacy/offered-privacy.ts';
import { countedShares } from '#shared/privacy/mechanism-parameters.ts';
import type { StatementFacts } from '#shared/privacy/statement.ts';
import type { PrivacyView, RunView } from '#shared/protocol/api.ts';
import { currentTerms, promisedPrivacy } from '#shared/tasks/run-terms.ts';
import type { RunTerms } from '#shared/tasks/terms.ts';

/** Of the participant that has spent most. JSON has no ∞. */
export const factsOfRun = (privacy: PrivacyView): StatementFacts => ({
  ...privacy,
  reader: 'observer',
  spentEpsilon: privacy.spentEpsilon ?? Infinity,
  epsilonAtEnd: privacy.epsilonAtEnd ?? Infinity,
  worstEpsilon: privacy.worstEpsilon ?? Infinity,
});

/** What this page's code makes of a run's settings; null where no noise is added, or none that can be. */
function promiseOf({ settings, parameters }: RunView): OfferedPrivacy | null {
  const promised = promisedPrivacy(settings, parameters);
  return promised.ok ? promised.value : null;
}

/** Of this tab, before its first round or after `entries`, under `terms`: those that the run asks now unless said. */
export function factsOfTab(
  run: RunView,
  entries: readonly LedgerEntry[],
  terms: RunTerms = currentTerms(run.settings),
): StatementFacts {
  const promise = promiseOf(run);
  if (promise === null || terms.caps === null) {
    const none = { spentEpsilon: Infinity, epsilonAtEnd: Infinity, worstEpsilon: Infinity };
    const rounds = { roundsSpent: entries.length, roundsMax: terms.rounds };
    return { mode: 'none', reader: 'participant', delta: 0, countedShares: 1, ...rounds, ...none };
  }
  const { mechanism } = promise;
  return {
    mode: mechanism.mode,
    reader: 'participant',
    countedShares: countedShares(mechanism),
    adaptsClip: adaptsClip(mechanism),
    ...budgetOf(entries, countedMechanism(mechanism), terms.caps),
  };
}
