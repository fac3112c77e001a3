/**
 * A tab's Ed25519 identities in IndexedDB, one a run and slot, the same after a reload. The secret key is one that
 * WebCrypto never gives out, where the browser has Ed25519 (Chromium 137, Firefox 129, Safari 17); else noble's, kept
 * as its seed. Without Web Locks (plain-http pages) tabs cannot tell whose key a kept one is, and without IndexedDB
 * there is none: then every page load has a fresh one.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { RunId } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { systemRandom, type RandomSource } from '#shared/base/random.ts';
import { nobleSigner, signedMessage, type Signer } from '#shared/crypto/identity.ts';
import type { Identity, IdentityPort } from '#shared/participant/ports.ts';
import { takeSlot, type Slot } from './slots.ts';

interface Kept {
  /** 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  /** A key that is not extractable, or the 32-byte seed. */
  readonly secret: CryptoKey | Uint8Array<ArrayBuffer>;
}

interface Opened {
  readonly signer: Signer;
  readonly slot: Slot | null;
}

interface VaultSchema extends DBSchema {
  /** By `<run>/<slot>`. */
  identities: { key: string; value: Kept };
}

const ED25519 = 'Ed25519';
const DATABASE = 'chorale-identities';

/** What the browser has; `locks` and `subtle` are missing on plain-http pages. */
export interface VaultSources {
  readonly database: string;
  readonly locks: LockManager | undefined;
  readonly subtle: SubtleCrypto | undefined;
  readonly random: RandomSource;
  /** The slot this tab had before a reload, where it is known. */
  readonly rememberedSlot: number | null;
}

/** One a tab, for as long as the tab lives: it holds the tab's slots. */
export class IdentityVault implements IdentityPort {
  readonly #sources: VaultSources;
  readonly #opened = new Map<RunId, Promise<Opened>>();

  constructor(sources: Partial<VaultSources> = {}) {
    this.#sources = {
      database: DATABASE,
      locks: navigator.locks,
      subtle: crypto.subtle,
      random: systemRandom,
      rememberedSlot: null,
      ...sources,
    };
  }

  /** The same identity each time a tab asks for it. */
  async open(run: RunId): Promise<Identity> {
    const { signer, slot } = await this.#open(run);
    // One tab of a profile is its first, whatever slots are free.
    return { signer, slot: slot === null ? null : slot.first ? 0 : Math.max(1, slot.index) };
  }

  /** One identity for all tabs of this profile, by a name that is no run's. */
  shared(name: string): Promise<Signer> {
    return this.#kept(`shared/${name}`);
  }

  /** The index of the slot this tab holds, for `rememberSlot`; null where it holds none. */
  async slotOf(run: RunId): Promise<number | null> {
    return (await this.#opened.get(run))?.slot?.index ?? null;
  }

  /** Deletes every identity of this profile; tabs keep those they have open until they are reloaded. */
  async clear(): Promise<void> {
    const db = await this.#database();
    await db.clear('identities');
    db.close();
  }

  #open(run: RunId): Promise<Opened> {
    const opened = this.#opened.get(run) ?? this.#take(run);
    this.#opened.set(run, opened);
    return opened;
  }

  async #take(run: RunId): Promise<Opened> {
    const { locks, rememberedSlot } = this.#sources;
    const slot = locks === undefined ? null : await takeSlot(locks, run, rememberedSlot);
    return { slot, signer: slot === null ? this.#fresh() : await this.#kept(`${run}/${slot.index}`) };
  }

  #fresh(): Signer {
    return nobleSigner(this.#sources.random(32));
  }

  async #kept(key: string): Promise<Signer> {
    try {
      const db = await this.#database();
      try {
        return this.#signer((await db.get('identities', key)) ?? (await this.#create(db, key)));
      } finally {
        db.close();
      }
    } catch (error) {
      if (error instanceof DOMException) return this.#fresh();
      throw error;
    }
  }

  async #create(db: IDBPDatabase<VaultSchema>, key: string): Promise<Kept> {
    const unextractable = await this.#unextractable();
    if (unextractable !== null) {
      try {
        await db.put('identities', unextractable, key);
        return unextractable;
      } catch (error) {
        // Some browsers have Ed25519 and cannot keep its keys.
        if (!(error instanceof DOMException) || error.name !== 'DataCloneError') throw error;
      }
    }
    const secret = new Uint8Array(this.#sources.random(32));
    const kept = { publicKey: nobleSigner(secret).publicKey, secret };
    await db.put('identities', kept, key);
    return kept;
  }

  async #unextractable(): Promise<Kept | null> {
    const { subtle } = this.#sources;
    if (subtle === undefined) return null;
    try {
      const { privateKey, publicKey } = await subtle.generateKey(ED25519, false, ['sign', 'verify']);
      return { publicKey: new Uint8Array(await subtle.exportKey('raw', publicKey)), secret: privateKey };
    } catch {
      return null;
    }
  }

  #signer({ publicKey, secret }: Kept): Signer {
    if (secret instanceof Uint8Array) return nobleSigner(secret);
    const { subtle } = this.#sources;
    invariant(subtle, 'a key of WebCrypto was kept by a page that has it');
    return webCryptoSigner(subtle, publicKey, secret);
  }

  #database(): Promise<IDBPDatabase<VaultSchema>> {
    return openDB<VaultSchema>(this.#sources.database, 1, {
      upgrade: (db) => void db.createObjectStore('identities'),
    });
  }
}

/** `secretKey` is the Ed25519 key that belongs to `publicKey` (32 bytes). */
export function webCryptoSigner(
  subtle: SubtleCrypto,
  publicKey: Uint8Array<ArrayBuffer>,
  secretKey: CryptoKey,
): Signer {
  return {
    publicKey,
    sign: async (domain, body) =>
      new Uint8Array(await subtle.sign(ED25519, secretKey, signedMessage(domain, body))),
  };
}
