/**
 * A person's own limit of ε over all runs that this browser profile joins on this origin, in IndexedDB beside the
 * privacy ledger. It outlives runs, tabs and crashes; clearing the site's data forgets it together with the count.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import * as v from 'valibot';
import { fail, ok, type Result } from '#shared/base/result.ts';

interface LimitSchema extends DBSchema {
  /** One, under `LIMIT`; ε, and none where there is no limit. */
  limits: { key: string; value: number };
}

const DATABASE = 'chorale-own-limit';
const LIMIT = 'epsilon';
/** At which ε over all runs is worked out, whatever each of them promises. */
export const OWN_DELTA = 1e-5;

const kept = v.optional(v.pipe(v.number(), v.finite()));

export class OwnLimit {
  readonly #database: string;

  /** `database` is the name it has in this origin. */
  constructor(database = DATABASE) {
    this.#database = database;
  }

  /** ε, null where there is no limit; a fault where that cannot be told. */
  async read(): Promise<Result<number | null, 'storage'>> {
    const stored = await this.#use((db) => db.get('limits', LIMIT));
    const parsed = v.safeParse(kept, stored.ok ? stored.value : Number.NaN);
    return parsed.success ? ok(parsed.output ?? null) : fail('storage');
  }

  /** Null for no limit. Durable when it resolves. */
  async write(epsilon: number | null): Promise<Result<void, 'storage'>> {
    return this.#use(async (db) => {
      const transaction = db.transaction('limits', 'readwrite', { durability: 'strict' });
      if (epsilon === null) await transaction.store.delete(LIMIT);
      else await transaction.store.put(epsilon, LIMIT);
      await transaction.done;
    });
  }

  async #use<T>(action: (db: IDBPDatabase<LimitSchema>) => Promise<T>): Promise<Result<T, 'storage'>> {
    try {
      const db = await openDB<LimitSchema>(this.#database, 1, {
        upgrade: (fresh) => void fresh.createObjectStore('limits'),
      });
      try {
        return ok(await action(db));
      } finally {
        db.close();
      }
    } catch {
      return fail('storage');
    }
  }
}
