/** Time that passes when a schedule says so. */
import type { ClockPort } from '../participant/ports.ts';

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

export class VirtualClock {
  /** In the order they are due; those due at one time in the order they were set. */
  readonly #timers: Timer[] = [];
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, run };
    const later = this.#timers.findIndex((other) => other.atMs > timer.atMs);
    this.#timers.splice(later < 0 ? this.#timers.length : later, 0, timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at >= 0) this.#timers.splice(at, 1);
    };
  }

  /** A clock whose timers do nothing any more once its owner is gone. */
  portOf(isAlive: () => boolean): ClockPort {
    return {
      nowMs: () => this.#nowMs,
      after: (ms, run) =>
        this.after(ms, () => {
          if (isAlive()) run();
        }),
    };
  }

  /** When the next timer is due; null where there is none. */
  get nextAtMs(): number | null {
    return this.#timers[0]?.atMs ?? null;
  }

  get isDue(): boolean {
    const next = this.nextAtMs;
    return next !== null && next <= this.#nowMs;
  }

  /** Time goes on to the next timer, and it runs. */
  runNext(): void {
    const timer = this.#timers.shift();
    if (timer === undefined) return;
    this.#nowMs = Math.max(this.#nowMs, timer.atMs);
    timer.run();
  }

  /** Time goes on; what came due meanwhile runs late, at the end. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }
}
