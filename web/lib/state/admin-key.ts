/**
 * The key that invites, where an admin keeps it from the coordinator: Ed25519, in this browser's IndexedDB, not
 * extractable where the browser has it. Links are made and kept here; the coordinator learns the public key alone.
 */
import { openDB, type DBSchema } from 'idb';
import { bytesToHex } from '#shared/base/bytes.ts';
import type { RunId } from '#shared/base/ids.ts';
import { systemRandom } from '#shared/base/random.ts';
import type { Signer } from '#shared/crypto/identity.ts';
import { lastingFragment, type InvitationKind } from '#shared/protocol/invitation.ts';
import { IdentityVault } from '../participant/identity-vault.ts';

interface LinkSchema extends DBSchema {
  /** Fragments of open invitations, by run and admin key. */
  links: { key: [string, string]; value: string };
}

const DATABASE = 'chorale-admin-links';

export class AdminKey {
  readonly #signer: Signer;

  private constructor(signer: Signer) {
    this.#signer = signer;
  }

  /** The same in all tabs of this browser, and after a reload. */
  static async open(): Promise<AdminKey> {
    return new AdminKey(await new IdentityVault({ database: 'chorale-admin-key' }).shared('admin'));
  }

  /** Hex. */
  get publicKey(): string {
    return bytesToHex(this.#signer.publicKey);
  }

  /** The run's open link, made once: path and fragment. */
  async openPath(run: RunId): Promise<string> {
    const db = await openDB<LinkSchema>(DATABASE, 1, {
      upgrade: (opened) => void opened.createObjectStore('links'),
    });
    try {
      const key: [string, string] = [run, this.publicKey];
      const known = await db.get('links', key);
      const fragment = known ?? (await this.#fragment(run, 'open'));
      if (known === undefined) await db.put('links', fragment, key);
      return `/join/${run}#${fragment}`;
    } finally {
      db.close();
    }
  }

  /** A fresh link for one participant. */
  async personalPath(run: RunId): Promise<string> {
    return `/join/${run}#${await this.#fragment(run, 'personal')}`;
  }

  #fragment(run: RunId, kind: InvitationKind): Promise<string> {
    return lastingFragment(this.#signer, run, kind, systemRandom(32));
  }
}
