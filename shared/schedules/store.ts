/** What a coordinator of a schedule has on disk: it survives a kill, and writes take their time. */
import type { ModelHash, Sid } from '../base/ids.ts';
import { randomInteger, type RandomSource } from '../base/random.ts';
import type { AbortCode } from '../protocol/faults.ts';

export type Outcome =
  | {
      readonly state: 'done';
      readonly sumHash: string;
      readonly modelHash: ModelHash;
      readonly survivors: number;
    }
  | { readonly state: 'aborted'; readonly code: AbortCode };

export type StoredAttempt = {
  readonly sid: Sid;
  readonly round: number;
  readonly attempt: number;
} & ({ readonly state: 'open' | 'unmasking' } | Outcome);

export class Store {
  readonly #attempts = new Map<Sid, StoredAttempt>();
  readonly #models = new Map<ModelHash, Uint8Array>();
  readonly #random: RandomSource;
  /** Writes on their way, in their order. */
  #writes: { readonly write: () => void; readonly done: () => void }[] = [];
  modelHash: ModelHash;
  outcome: 'done' | 'stopped' | 'failed' | null = null;

  constructor(modelHash: ModelHash, model: Uint8Array, random: RandomSource) {
    this.modelHash = modelHash;
    this.#models.set(modelHash, model);
    this.#random = random;
  }

  get attempts(): readonly StoredAttempt[] {
    return [...this.#attempts.values()];
  }

  attempt(sid: Sid): StoredAttempt | null {
    return this.#attempts.get(sid) ?? null;
  }

  outcomeOf(sid: Sid): Outcome | null {
    const attempt = this.attempt(sid);
    return attempt?.state === 'done' || attempt?.state === 'aborted' ? attempt : null;
  }

  model(hash: ModelHash): Uint8Array | null {
    return this.#models.get(hash) ?? null;
  }

  put(attempt: StoredAttempt): void {
    this.#attempts.set(attempt.sid, attempt);
  }

  keepModel(hash: ModelHash, bytes: Uint8Array): void {
    this.#models.set(hash, bytes);
    this.modelHash = hash;
  }

  /** Resolves when `write` is on disk; never, where the process dies before. */
  write(write: () => void): Promise<void> {
    return new Promise((done) => this.#writes.push({ write, done }));
  }

  get isWriting(): boolean {
    return this.#writes.length > 0;
  }

  land(): void {
    const next = this.#writes.shift();
    next?.write();
    next?.done();
  }

  /** Of the writes on their way some land, the first ones; nobody hears of it. */
  crash(): void {
    const landing = randomInteger(this.#random, this.#writes.length + 1);
    for (const { write } of this.#writes.slice(0, landing)) write();
    this.#writes = [];
  }
}
