/**
 * What the clients of every run have spent (design: PRIVACY.md, "Ledger"). A sum is entered before anything is asked
 * for with which it could be opened: a crash may count one that never was, and never misses one that was. One contract
 * suite (ledger-contract.ts) holds for every implementation.
 */
import type { ParticipantId, RunId, Sid } from '#shared/base/ids.ts';
import type { CountedMechanism, LedgerEntry } from '#shared/privacy/ledger.ts';

/** A sum that is about to be opened. */
export interface Spend {
  readonly run: RunId;
  readonly sid: Sid;
  /** Everyone whose contribution is in it; each once, one at least. */
  readonly clients: readonly ParticipantId[];
  readonly mechanism: CountedMechanism;
}

export interface Ledger {
  /** All clients or none, and durable when it resolves. Rejects a sid that is entered already. */
  commit(spend: Spend): Promise<void>;
  /** In the order they were entered. */
  entriesOf(run: RunId, client: ParticipantId): Promise<LedgerEntry[]>;
  /** Of every client that has spent something in the run. */
  entriesByClient(run: RunId): Promise<Map<ParticipantId, LedgerEntry[]>>;
  close(): Promise<void>;
}
