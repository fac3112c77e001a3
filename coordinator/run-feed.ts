/**
 * One run's stream of events to the pages that watch it. Live views and participants change many times a
 * second; of those only the newest is sent, at most FRAMES_PER_SECOND times.
 */
import type { AdminRunEvent } from '#shared/protocol/api.ts';

const FRAMES_PER_SECOND = 5;

type Listener = (event: AdminRunEvent) => void;

export class RunFeed {
  readonly #listeners = new Set<Listener>();
  readonly #latest = new Map<AdminRunEvent['kind'], () => AdminRunEvent>();
  #timer: NodeJS.Timeout | null = null;

  /** Returns the way to stop listening. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(event: AdminRunEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Sends what `read` gives, soon; a later call for the same kind replaces this one. */
  publishSoon(kind: AdminRunEvent['kind'], read: () => AdminRunEvent): void {
    this.#latest.set(kind, read);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      const due = [...this.#latest.values()];
      this.#latest.clear();
      for (const latest of due) this.publish(latest());
    }, 1_000 / FRAMES_PER_SECOND);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#listeners.clear();
  }
}
