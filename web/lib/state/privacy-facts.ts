/** What pages say of a run's privacy, from what the coordinator's ledger says or from this browser's own. */
import { budgetOf, countedMechanism, type LedgerEntry } from '#shared/privacy/ledger.ts';
import type { OfferedPrivacy } from '#shared/privacy/offered-privacy.ts';
import { countedShares } from '#shared/privacy/mechanism-parameters.ts';
import { checkedPrivacy } from '#shared/privacy/settings.ts';
import type { StatementFacts } from '#shared/privacy/statement.ts';
import type { PrivacyView, RunView } from '#shared/protocol/api.ts';
import { accomplicesOf } from '#shared/tasks/run.ts';

/** Of the participant that has spent most. JSON has no ∞. */
export const factsOfRun = (privacy: PrivacyView): StatementFacts => ({
  ...privacy,
  reader: 'observer',
  spentEpsilon: privacy.spentEpsilon ?? Infinity,
  epsilonAtEnd: privacy.epsilonAtEnd ?? Infinity,
  worstEpsilon: privacy.worstEpsilon ?? Infinity,
});

/** What this page's code makes of a run's settings; null where no noise is added, or none that can be. */
export function promiseOf({ settings, parameters }: RunView): OfferedPrivacy | null {
  const { clients, rounds, minSurvivors, privacy } = settings;
  const accomplices = accomplicesOf(settings);
  const run = { clients, rounds, minSurvivors, accomplices, parameters, lanes: [] };
  const checked = checkedPrivacy(privacy, run);
  return checked.ok ? checked.value : null;
}

/** Of this tab, before its first round or after `entries`. */
export function factsOfTab(run: RunView, entries: readonly LedgerEntry[]): StatementFacts {
  const promise = promiseOf(run);
  if (promise === null) {
    const none = { spentEpsilon: Infinity, epsilonAtEnd: Infinity, worstEpsilon: Infinity };
    const rounds = { roundsSpent: entries.length, roundsMax: run.settings.rounds };
    return { mode: 'none', reader: 'participant', delta: 0, countedShares: 1, ...rounds, ...none };
  }
  const { mechanism, caps } = promise;
  return {
    mode: mechanism.mode,
    reader: 'participant',
    countedShares: countedShares(mechanism),
    ...budgetOf(entries, countedMechanism(mechanism), caps),
  };
}
