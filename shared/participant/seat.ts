/** A participant's place: the task and the shard it was given, loaded, and a backend that trains it. */
import type { Examples } from '../data/examples.ts';
import type { ShardReference } from '../data/shards.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Welcome } from '../protocol/messages/directions.ts';
import type { ParticipantPorts } from './ports.ts';

/** A shard that cannot be reached this often in a row needs a person. */
const LOAD_ATTEMPTS = 4;

export interface Seated {
  readonly welcome: Welcome;
  readonly examples: Examples;
}

/** `again`: on the next connection; `stale`: its connection is gone, and the next welcome loads again. */
export type SeatFault = 'again' | 'stale' | { readonly detail: string };

export class Seat {
  readonly #ports: Pick<ParticipantPorts, 'data' | 'trainer'>;
  #taken: Seated | null = null;
  #backend: string | null = null;
  #dataKept = false;
  #failedLoads = 0;
  /** Settles with every load that was begun. */
  #loading: Promise<unknown> = Promise.resolve();

  constructor(ports: Pick<ParticipantPorts, 'data' | 'trainer'>) {
    this.#ports = ports;
  }

  get taken(): Seated | null {
    return this.#taken;
  }

  /** Null before it was started. */
  get backend(): string | null {
    return this.#backend;
  }

  get dataKept(): boolean {
    return this.#dataKept;
  }

  /** Loads the shard and starts the backend; both stay where the seat is the same after a reconnect. */
  async take(
    welcome: Welcome,
    isStale: () => boolean,
    onProgress: (fraction: number) => void,
  ): Promise<Result<void, SeatFault>> {
    const before = this.#taken;
    if (before !== null && isSame(before.welcome, welcome)) {
      this.#taken = { welcome, examples: before.examples };
      return ok(undefined);
    }
    this.#taken = null;
    const examples = await this.#load(welcome, isStale, onProgress);
    if (!examples.ok) return examples;
    this.#taken = { welcome, examples: examples.value };
    return ok(undefined);
  }

  async #load(
    welcome: Welcome,
    isStale: () => boolean,
    onProgress: (fraction: number) => void,
  ): Promise<Result<Examples, SeatFault>> {
    onProgress(0);
    const loading = this.#ports.data.load(welcome.task, welcome.shard, (fraction) => {
      if (!isStale()) onProgress(fraction);
    });
    this.#loading = Promise.all([this.#loading, loading]);
    const loaded = await loading;
    if (isStale()) return fail('stale');
    if (!loaded.ok) {
      const { code, detail } = loaded.fault;
      // A coordinator that restarts answers no download for a while either.
      if (code === 'unreachable' && ++this.#failedLoads < LOAD_ATTEMPTS) return fail('again');
      return fail({
        detail: `Your part of the data could not be loaded: ${detail} Reload the page to try again.`,
      });
    }
    this.#failedLoads = 0;
    this.#dataKept = true;
    const backend = await this.#ports.trainer.start();
    if (isStale()) return fail('stale');
    if (!backend.ok) return fail({ detail: `This device cannot train: ${backend.fault.detail}` });
    this.#backend = backend.value;
    return loaded;
  }

  /** Deletes what is kept, and what a download that is under way keeps afterwards. */
  async deleteData(): Promise<void> {
    this.#taken = null;
    await this.#ports.data.deleteAll();
    await this.#loading;
    await this.#ports.data.deleteAll();
    this.#dataKept = false;
  }
}

const isSame = (a: Welcome, b: Welcome): boolean => sameShard(a.shard, b.shard) && a.task.id === b.task.id;
const sameShard = (a: ShardReference, b: ShardReference): boolean => a.index === b.index && a.of === b.of;
