/**
 * Whom this browser has met before: the admin of each run, and the identities of peers with the invite keys they
 * came by. What changed since is said loudly: another admin's key means that the link, or the page, is somebody
 * else's; another identity on a personal invitation is another device, deleted site data, or somebody else.
 * Keys are public; of peers nothing else is kept.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { bytesToHex } from '#shared/base/bytes.ts';
import type { ParticipantId, RunId } from '#shared/base/ids.ts';
import type { AcquaintancesPort, PeerRecognition } from '#shared/participant/ports.ts';
import { fingerprintOf, type VerifiedChain } from '#shared/protocol/invitation.ts';

/** `changed` is the loud one. Fingerprints are for people to compare. */
export type AdminRecognition =
  | { readonly kind: 'first' }
  | { readonly kind: 'known' }
  | { readonly kind: 'changed'; readonly knownFingerprint: string; readonly newFingerprint: string };

interface KnownSchema extends DBSchema {
  /** The admin's key, by run. */
  admins: { key: string; value: Uint8Array<ArrayBuffer> };
  /** By run, admin's key and identity, in hex. */
  peers: { key: [string, string, string]; value: true };
  /** The identity, by run, admin's key and personal invite key, in hex. */
  guests: { key: [string, string, string]; value: string };
}

const DATABASE = 'chorale-known-peers';

export class KnownPeers implements AcquaintancesPort {
  readonly #name: string;

  /** `database` is the name it has in this origin. */
  constructor(database = DATABASE) {
    this.#name = database;
  }

  /** Compares, and remembers where there is nothing to compare with. A changed key is not taken over by that. */
  async recognizeAdmin(run: RunId, adminKey: Uint8Array): Promise<AdminRecognition> {
    return this.#with(async (db) => {
      const { store, done } = db.transaction('admins', 'readwrite');
      const known = await store.get(run);
      if (known === undefined) await store.put(Uint8Array.from(adminKey), run);
      await done;
      if (known === undefined) return { kind: 'first' };
      if (bytesToHex(known) === bytesToHex(adminKey)) return { kind: 'known' };
      return {
        kind: 'changed',
        knownFingerprint: fingerprintOf(known),
        newFingerprint: fingerprintOf(adminKey),
      };
    });
  }

  /** A person has compared the new fingerprint and says that it is right. */
  async acceptAdmin(run: RunId, adminKey: Uint8Array): Promise<void> {
    await this.#with((db) => db.put('admins', Uint8Array.from(adminKey), run));
  }

  /** Of each of `peers`, by their verified chains; who is new is remembered. What changed stays so. */
  async recognizePeers(
    run: RunId,
    peers: ReadonlyMap<ParticipantId, VerifiedChain>,
  ): Promise<ReadonlyMap<ParticipantId, PeerRecognition>> {
    return this.#with(async (db) => {
      const transaction = db.transaction(['peers', 'guests'], 'readwrite');
      const [known, guests] = [transaction.objectStore('peers'), transaction.objectStore('guests')];
      const recognized = new Map<ParticipantId, PeerRecognition>();
      for (const [identity, { kind, adminKey, inviteKey }] of peers) {
        const admin = bytesToHex(adminKey);
        const invitation: [string, string, string] = [run, admin, bytesToHex(inviteKey)];
        const guest = await guests.get(invitation);
        if (guest !== undefined && guest !== identity) {
          recognized.set(identity, 'changed');
          continue;
        }
        const before = await known.get([run, admin, identity]);
        recognized.set(identity, before === undefined ? 'first' : 'known');
        await known.put(true, [run, admin, identity]);
        if (kind === 'personal') await guests.put(identity, invitation);
      }
      await transaction.done;
      return recognized;
    });
  }

  async clear(): Promise<void> {
    await this.#with(async (db) => {
      const stores = ['admins', 'peers', 'guests'] as const;
      const transaction = db.transaction(stores, 'readwrite');
      await Promise.all(stores.map((store) => transaction.objectStore(store).clear()));
      await transaction.done;
    });
  }

  async #with<Value>(use: (db: IDBPDatabase<KnownSchema>) => Promise<Value>): Promise<Value> {
    const db = await openDB<KnownSchema>(this.#name, 1, {
      upgrade: (opened) => {
        for (const store of ['admins', 'peers', 'guests'] as const) opened.createObjectStore(store);
      },
    });
    try {
      return await use(db);
    } finally {
      db.close();
    }
  }
}
