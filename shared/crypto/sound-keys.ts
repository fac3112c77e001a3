/** Identity keys that were looked at before: they come back every round, and looking costs a scalar multiplication. */
import { bytesToHex } from '../base/bytes.ts';
import { isSoundKey } from './identity.ts';

/** The oldest is forgotten beyond these. */
const MAX_KEYS = 4_096;

export class SoundKeys {
  readonly #known = new Map<string, boolean>();

  /** `isSoundKey` of `publicKey`, of any length. */
  isSound(publicKey: Uint8Array): boolean {
    const key = bytesToHex(publicKey);
    const before = this.#known.get(key);
    if (before !== undefined) return before;
    const sound = isSoundKey(publicKey);
    const oldest = this.#known.keys().next();
    if (this.#known.size >= MAX_KEYS && oldest.done !== true) this.#known.delete(oldest.value);
    this.#known.set(key, sound);
    return sound;
  }
}
