/**
 * The attempts that the tabs of this browser have joined (OFFER-3): each joins an offer at most once, before and after
 * a reload.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { ParticipantId, Sid } from '#shared/base/ids.ts';
import type { AttemptsPort } from '#shared/participant/ports.ts';

interface Schema extends DBSchema {
  attempts: { key: string; value: { readonly key: string } };
}

export class AttemptsVault implements AttemptsPort {
  #database: Promise<IDBPDatabase<Schema>> | null = null;

  /** Stored, beyond a crash of the browser, when it resolves. */
  async remember(sid: Sid, participant: ParticipantId): Promise<boolean> {
    this.#database ??= openDB<Schema>('chorale-attempts', 1, {
      upgrade: (database) => void database.createObjectStore('attempts', { keyPath: 'key' }),
    });
    const transaction = (await this.#database).transaction('attempts', 'readwrite', { durability: 'strict' });
    const key = `${sid} ${participant}`;
    const known = await transaction.store.get(key);
    if (known === undefined) await transaction.store.put({ key });
    await transaction.done;
    return known === undefined;
  }
}
