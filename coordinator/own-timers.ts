/**
 * Timers of a library that starts them anew for ever and cannot be closed: PeerJS's server looks for broken
 * connections every 300 ms and for undelivered messages every second. While its code runs (synchronously, so that
 * nothing else does), `setTimeout` is one that lets the process end and does nothing any more after `end`.
 */
export class OwnTimers {
  #isOver = false;

  during(work: () => void): void {
    const given = globalThis.setTimeout;
    const own = (callback: () => void, delayMs?: number): NodeJS.Timeout =>
      given(() => {
        if (!this.#isOver) this.during(callback);
      }, delayMs).unref();
    Reflect.set(globalThis, 'setTimeout', own);
    try {
      work();
    } finally {
      globalThis.setTimeout = given;
    }
  }

  end(): void {
    this.#isOver = true;
  }
}
