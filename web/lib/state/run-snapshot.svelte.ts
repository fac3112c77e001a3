/**
 * A run as participants see it: fetched when something of theirs has changed, never held open. Browsers give a
 * whole profile six HTTP/1.1 connections to one address; a stream a tab would starve the seventh.
 */
import type { RunView } from '#shared/protocol/api.ts';
import { getRun } from './api.ts';

const AGAIN_MS = 1_000;
/** The evaluation of the last model is waited for this often. */
const MOST_TRIES = 60;

export class RunSnapshot {
  run = $state.raw<RunView | null>(null);
  /** Why there is none, as a sentence; null where there is one or it is being fetched. */
  problem = $state<string | null>(null);
  readonly #id: string;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(id: string) {
    this.#id = id;
  }

  /** Fetches, and again in a while as long as the newest model is not evaluated. */
  async refresh(triesLeft = MOST_TRIES): Promise<void> {
    this.close();
    const answer = await getRun(this.#id);
    if (answer.ok) this.run = answer.value;
    this.problem = answer.ok || this.run !== null ? null : answer.fault.sentence;
    const last = this.run?.rounds.findLast((round) => round.outcome === 'done');
    if (last?.accuracy === null && triesLeft > 0)
      this.#timer = setTimeout(() => void this.refresh(triesLeft - 1), AGAIN_MS);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
