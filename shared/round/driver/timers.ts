/** Timers by name: one that is started again under its name begins anew. */

/** Runs `run` after `ms`; what it gives cancels that. */
export type After = (ms: number, run: () => void) => () => void;

export class Timers {
  readonly #after: After;
  readonly #running = new Map<string, () => void>();

  constructor(after: After) {
    this.#after = after;
  }

  start(name: string, ms: number, run: () => void): void {
    this.cancel(name);
    const due = () => {
      this.#running.delete(name);
      run();
    };
    this.#running.set(name, this.#after(ms, due));
  }

  cancel(name: string): void {
    this.#running.get(name)?.();
    this.#running.delete(name);
  }

  cancelAll(): void {
    for (const cancel of this.#running.values()) cancel();
    this.#running.clear();
  }
}
