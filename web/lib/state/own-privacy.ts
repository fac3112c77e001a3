/** What this browser has spent over all runs on this site, and the limit that its person has set for that. */
import { epsilonOfEntries } from '#shared/privacy/ledger.ts';
import { OWN_DELTA, OwnLimit } from '../participant/own-limit.ts';
import { PrivacyLedger } from '../participant/privacy-ledger.ts';

export interface OwnPrivacy {
  /** ε; null where there is none. */
  readonly limit: number | null;
  /** ε over all runs so far, at δ = OWN_DELTA; null where the count cannot be read. */
  readonly spent: number | null;
  /** Participations that it counts. */
  readonly rounds: number;
}

export async function readOwnPrivacy(): Promise<OwnPrivacy> {
  const ledger = new PrivacyLedger();
  const [limit, entries] = await Promise.all([new OwnLimit().read(), ledger.entries()]);
  if (entries.ok) await ledger.close();
  return {
    limit: limit.ok ? limit.value : null,
    spent: entries.ok ? epsilonOfEntries(entries.value, OWN_DELTA) : null,
    rounds: entries.ok ? entries.value.length : 0,
  };
}
