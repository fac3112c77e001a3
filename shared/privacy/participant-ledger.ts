/**
 * The ledger of a participant: what this browser profile (or Node participant) has spent in every run that it joined on
 * this origin, counted before the first masked byte leaves (design: PRIVACY.md, "Ledger").
 */
import type { ParticipantId, RunId } from '../base/ids.ts';
import type { Result } from '../base/result.ts';
import type { Caps, LedgerEntry, ReachedCap } from './ledger.ts';
import { epsilonOfEntries, wouldExceed } from './ledger.ts';

/** One participation of one of the profile's tabs. */
export interface OwnEntry extends LedgerEntry {
  readonly run: RunId;
  readonly client: ParticipantId;
}

export interface OwnLimits {
  /** Of one client in the run that the entry is of, as the run promised. */
  readonly run: Caps;
  /** The participant's own policy, over all its tabs and all runs on this origin; ε = ∞ where it sets no limit. */
  readonly origin: Omit<Caps, 'participations'>;
}

/** `own-epsilon` is the policy's; `storage` that the count could not be read or kept, so that nothing may be sent. */
export type LedgerRefusal = ReachedCap | 'own-epsilon' | 'storage';

export interface ParticipantLedger {
  /** Enters it if the limits allow; it then outlives a crash. Nothing is masked before, and nothing after a refusal. */
  enter(entry: OwnEntry, limits: OwnLimits): Promise<Result<void, LedgerRefusal>>;
  /** In the order they were entered. */
  entries(): Promise<Result<OwnEntry[], 'storage'>>;
}

/** Why `next` must not be entered after `entries`, which are all that the profile has; null where it may. */
export function refusalOf(
  entries: readonly OwnEntry[],
  next: OwnEntry,
  limits: OwnLimits,
): Exclude<LedgerRefusal, 'storage'> | null {
  const own = entriesOfClient(entries, next);
  const reached = wouldExceed(own, next.mechanism, limits.run);
  if (reached !== null) return reached;
  const { epsilon, delta } = limits.origin;
  return epsilonOfEntries([...entries, next], delta) <= epsilon ? null : 'own-epsilon';
}

/** Those that count against one client's caps in one run. */
export const entriesOfClient = (
  entries: readonly OwnEntry[],
  { run, client }: Pick<OwnEntry, 'run' | 'client'>,
): OwnEntry[] => entries.filter((entry) => entry.run === run && entry.client === client);
