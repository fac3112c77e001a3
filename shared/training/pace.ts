/** When the next batch may begin: pauses at the user's wish, and rests that leave the device to others. */
import type { ClockPort } from '../participant/ports.ts';

/** What a trainer asks between batches, of one job at a time. Waits end as soon as the signal aborts. */
export interface Pace {
  /** Resolves when a batch may begin. */
  ready(signal: AbortSignal): Promise<void>;
  /** Called right after a batch; resolves when the device has had its rest. */
  rest(signal: AbortSignal): Promise<void>;
}

/** Batch after batch. */
export const steadyPace: Pace = { ready: async () => {}, rest: async () => {} };

const NOTHING = (): void => {};

/** A pace that the user sets; changes count from the batch in hand on. */
export class AdjustablePace implements Pace {
  readonly #clock: ClockPort;
  #dutyPercent = 100;
  #paused = false;
  #beganMs = 0;
  #endPause = NOTHING;
  #endRest = NOTHING;

  constructor(clock: ClockPort) {
    this.#clock = clock;
  }

  /** No batch begins after the one in hand, until `resume`. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#endPause();
  }

  /** The share of time spent in batches, 1..100; 100 is without rests. Ends a rest under way. */
  setDuty(dutyPercent: number): void {
    if (!(dutyPercent >= 1 && dutyPercent <= 100)) throw new RangeError(`dutyPercent: ${dutyPercent}`);
    this.#dutyPercent = dutyPercent;
    this.#endRest();
  }

  async ready(signal: AbortSignal): Promise<void> {
    if (this.#paused) await untilCalled(signal, (end) => (this.#endPause = end));
    this.#endPause = NOTHING;
    this.#beganMs = this.#clock.nowMs();
  }

  /** After a batch of b ms: b · (100 / dutyPercent - 1) ms. */
  async rest(signal: AbortSignal): Promise<void> {
    const ms = (this.#clock.nowMs() - this.#beganMs) * (100 / this.#dutyPercent - 1);
    if (ms <= 0) return;
    let cancelTimer = NOTHING;
    await untilCalled(signal, (end) => {
      this.#endRest = end;
      cancelTimer = this.#clock.after(ms, end);
    });
    this.#endRest = NOTHING;
    cancelTimer();
  }
}

/** Hands out a function; resolves when it is called or the signal aborts. */
function untilCalled(signal: AbortSignal, handOut: (end: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      signal.removeEventListener('abort', end);
      resolve();
    };
    signal.addEventListener('abort', end);
    handOut(end);
  });
}
