/**
 * What this browser knows of its backends, in IndexedDB: which was fastest in a trial on this device, and which
 * the person asked for. The page sets the wish, the worker reads it when it starts. Stays in the browser. Where
 * storage fails nothing is known, and the next page load tries again.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { BackendWish, KeptTrial, TrialResult } from '#shared/participant/backend-choice.ts';

interface ChoiceSchema extends DBSchema {
  /** By device. */
  trials: { key: string; value: TrialResult };
  /** One, under `WISH`. */
  wishes: { key: string; value: BackendWish };
}

const DATABASE = 'chorale-backends';
const WISH = 'wish';
/** Another where trials are made in another way, so that their old results count no more. */
const TRIAL_VERSION = 1;
const NO_GRAPHICS = { vendor: 'no', architecture: 'WebGPU', device: '', description: '' };

/** The browser, its cores and its graphics: where one changes, so may the fastest backend. */
export async function deviceName(): Promise<string> {
  const { userAgent, hardwareConcurrency } = navigator;
  // Not there on plain-http pages, whatever its type says.
  const adapter = 'gpu' in navigator ? await navigator.gpu.requestAdapter() : null;
  const { vendor, architecture, device, description } = adapter?.info ?? NO_GRAPHICS;
  const graphics = `${vendor} ${architecture} ${device} ${description}`;
  return `${TRIAL_VERSION} | ${userAgent} | ${hardwareConcurrency} cores | ${graphics}`;
}

export class BackendMemory implements KeptTrial {
  readonly #device: () => Promise<string>;
  readonly #database: string;

  constructor(device: () => Promise<string> = deviceName, database = DATABASE) {
    this.#device = device;
    this.#database = database;
  }

  async get(): Promise<TrialResult | undefined> {
    return this.#use(async (db) => db.get('trials', await this.#device()));
  }

  async put(result: TrialResult): Promise<void> {
    await this.#use(async (db) => db.put('trials', result, await this.#device()));
  }

  async forget(): Promise<void> {
    await this.#use(async (db) => db.delete('trials', await this.#device()));
  }

  /** `auto` where nothing was asked for. */
  async wish(): Promise<BackendWish> {
    return (await this.#use((db) => db.get('wishes', WISH))) ?? 'auto';
  }

  /** Counts from the next start of the worker on. */
  async setWish(wish: BackendWish): Promise<void> {
    await this.#use((db) => db.put('wishes', wish, WISH));
  }

  async clear(): Promise<void> {
    await this.#use(async (db) => {
      await db.clear('trials');
      await db.clear('wishes');
    });
  }

  async #use<T>(action: (db: IDBPDatabase<ChoiceSchema>) => Promise<T>): Promise<T | undefined> {
    try {
      const db = await openDB<ChoiceSchema>(this.#database, 1, {
        upgrade: (fresh) => {
          fresh.createObjectStore('trials');
          fresh.createObjectStore('wishes');
        },
      });
      try {
        return await action(db);
      } finally {
        db.close();
      }
    } catch (error) {
      if (error instanceof DOMException) return undefined;
      throw error;
    }
  }
}
