/**
 * Chunks of demo data kept in IndexedDB, so that a reload downloads nothing again. One vault a browser profile:
 * tabs share what they hold in common, and deleting deletes for all of them. Works on plain-http pages too.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { fail, ok, type Result } from '#shared/base/result.ts';

interface VaultSchema extends DBSchema {
  chunks: { key: string; value: Uint8Array };
}

const DATABASE = 'chorale';

const open = (database: string): Promise<IDBPDatabase<VaultSchema>> =>
  openDB<VaultSchema>(database, 1, { upgrade: (db) => void db.createObjectStore('chunks') });

export class ChunkVault {
  readonly #db: Promise<IDBPDatabase<VaultSchema>>;

  /** `database` is the name it has in this origin. */
  constructor(database = DATABASE) {
    this.#db = open(database);
    // Whoever asks the vault for something hears of it.
    this.#db.catch(() => {});
  }

  /** Undefined where it is not kept, or where storage fails: then it is downloaded, and `put` says what is wrong. */
  async get(path: string): Promise<Uint8Array | undefined> {
    try {
      return await (await this.#db).get('chunks', path);
    } catch {
      return undefined;
    }
  }

  async put(path: string, bytes: Uint8Array): Promise<Result<void, string>> {
    try {
      await (await this.#db).put('chunks', bytes, path);
      return ok(undefined);
    } catch (error) {
      const reason =
        error instanceof DOMException && error.name === 'QuotaExceededError'
          ? 'there is no space left'
          : 'its storage failed';
      return fail(`This browser could not keep ${path}: ${reason}.`);
    }
  }

  async clear(): Promise<void> {
    await (await this.#db).clear('chunks');
  }
}
