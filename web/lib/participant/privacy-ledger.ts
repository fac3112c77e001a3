/**
 * The participant's ledger in IndexedDB: one a browser profile, beyond a crash of the browser once an entry is made
 * (`durability: 'strict'`). Deleting demo data leaves it; clearing the site's data forgets it.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import * as v from 'valibot';
import {
  isParticipantId,
  isRunId,
  isSid,
  type ParticipantId,
  type RunId,
  type Sid,
} from '#shared/base/ids.ts';
import { fail, ok, type Result } from '#shared/base/result.ts';
import {
  refusalOf,
  type LedgerRefusal,
  type OwnEntry,
  type OwnLimits,
  type ParticipantLedger,
} from '#shared/privacy/participant-ledger.ts';

interface LedgerSchema extends DBSchema {
  entries: { key: number; value: OwnEntry };
}

const DATABASE = 'chorale-privacy';

const textThat = <Id extends string>(is: (text: string) => text is Id) =>
  v.custom<Id>((value) => typeof value === 'string' && is(value), 'expected an id');

/** Written here, by this version or another: what is not understood is never taken for nothing spent. */
const storedEntries = v.array(
  v.object({
    run: textThat<RunId>(isRunId),
    client: textThat<ParticipantId>(isParticipantId),
    sid: textThat<Sid>(isSid),
    mechanism: v.object({
      mode: v.picklist(['distributed', 'central', 'local', 'none']),
      noiseSteps: v.number(),
      l1: v.number(),
      l2: v.number(),
      dimension: v.number(),
      countedShares: v.number(),
    }),
  }),
);

export class PrivacyLedger implements ParticipantLedger {
  readonly #db: Promise<IDBPDatabase<LedgerSchema>>;

  /** `database` is the name it has in this origin. */
  constructor(database = DATABASE) {
    this.#db = openLedger(database);
    // Whoever asks the ledger for something hears of it.
    this.#db.catch(() => {});
  }

  /** Judged and entered in one transaction, so that of two tabs one alone spends what is left for one. */
  async enter(entry: OwnEntry, limits: OwnLimits): Promise<Result<void, LedgerRefusal>> {
    try {
      const transaction = (await this.#db).transaction('entries', 'readwrite', { durability: 'strict' });
      const before = v.safeParse(storedEntries, await transaction.store.getAll());
      const refusal = before.success ? refusalOf(before.output, entry, limits) : 'storage';
      if (refusal === null) await transaction.store.add(entry);
      await transaction.done;
      return refusal === null ? ok(undefined) : fail(refusal);
    } catch {
      return fail('storage');
    }
  }

  async entries(): Promise<Result<OwnEntry[], 'storage'>> {
    try {
      const stored = v.safeParse(storedEntries, await (await this.#db).getAll('entries'));
      return stored.success ? ok(stored.output) : fail('storage');
    } catch {
      return fail('storage');
    }
  }

  async close(): Promise<void> {
    (await this.#db).close();
  }
}

/** Rejects where the browser has no IndexedDB, too. */
async function openLedger(database: string): Promise<IDBPDatabase<LedgerSchema>> {
  return openDB<LedgerSchema>(database, 1, {
    upgrade: (db) => void db.createObjectStore('entries', { autoIncrement: true }),
  });
}
