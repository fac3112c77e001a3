/** A participant's ledger for as long as the process lasts: Node participants, and tests. */
import { fail, ok } from '../base/result.ts';
import { refusalOf, type OwnEntry, type ParticipantLedger } from '../privacy/participant-ledger.ts';

export function ledgerInMemory(): ParticipantLedger {
  const held: OwnEntry[] = [];
  return {
    enter: async (entry, limits) => {
      const refusal = refusalOf(held, entry, limits);
      if (refusal !== null) return fail(refusal);
      held.push(entry);
      return ok(undefined);
    },
    entries: async () => ok([...held]),
  };
}
