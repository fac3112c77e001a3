/** Turns to upload: who has one is told so, and one that is not used goes to the next (UPLOAD-3). */
import type { ParticipantId } from '../../base/ids.ts';
import type { Result } from '../../base/result.ts';
import type { Fault } from '../../protocol/faults.ts';
import { UPLOAD_STALL_MS } from '../../protocol/limits.ts';
import type { Chunk } from '../../protocol/upload-chunks.ts';
import type { Timers } from './timers.ts';
import type { Grant, Uploads } from './uploads.ts';

interface TurnPorts {
  readonly timers: Timers;
  /** It is its turn, from this chunk on. */
  grant(grant: Grant): void;
  /** Runs `work` in its turn among all else that happens to the attempt. */
  enqueue(work: () => Promise<void>): void;
}

export class UploadTurns {
  readonly #uploads: Uploads;
  readonly #ports: TurnPorts;

  constructor(uploads: Uploads, ports: TurnPorts) {
    this.#uploads = uploads;
    this.#ports = ports;
  }

  ask(from: ParticipantId): void {
    this.#grant(this.#uploads.enqueue(from));
  }

  /** What it had sent is forgotten. */
  withdraw(from: ParticipantId): void {
    this.#grant(this.#uploads.withdraw(from));
    this.#watch(from);
  }

  take(from: ParticipantId, chunk: Chunk): Result<'ignored' | 'more' | 'complete', Fault> {
    const taken = this.#uploads.take(from, chunk);
    if (!taken.ok || taken.value !== 'ignored') this.#watch(from);
    if (taken.ok && taken.value === 'complete') this.#grant(this.#uploads.advance());
    return taken;
  }

  #grant(grants: readonly Grant[]): void {
    for (const grant of grants) {
      this.#ports.grant(grant);
      this.#watch(grant.to);
    }
  }

  #watch(from: ParticipantId): void {
    const { timers, enqueue } = this.#ports;
    const name = `turn ${from}`;
    timers.cancel(name);
    if (!this.#uploads.isUploading(from)) return;
    timers.start(name, UPLOAD_STALL_MS, () =>
      enqueue(async () => {
        this.#grant(this.#uploads.stalled(from));
        this.#watch(from);
      }),
    );
  }
}
