/** "What left this tab": every message that was sent, consecutive ones of a kind as one row. */
import type { SentMessage } from './view.ts';

/** Older rows are dropped; totals count them still. */
const MAX_ROWS = 500;

export class SentLedger {
  #rows: readonly SentMessage[] = [];
  #totalBytes = 0;

  record(atMs: number, kind: string, bytes: number, to: SentMessage['to'] = 'coordinator'): void {
    this.#totalBytes += bytes;
    const last = this.#rows.at(-1);
    if (last?.kind === kind && last.to === to) {
      const merged = { ...last, bytes: last.bytes + bytes, count: last.count + 1 };
      this.#rows = [...this.#rows.slice(0, -1), merged];
    } else this.#rows = [...this.#rows, { atMs, kind, bytes, to, count: 1 }].slice(-MAX_ROWS);
  }

  get rows(): readonly SentMessage[] {
    return this.#rows;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }
}
