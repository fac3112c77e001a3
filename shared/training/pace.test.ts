import { describe, expect, it } from 'vitest';
import type { ClockPort } from '../participant/ports.ts';
import { AdjustablePace } from './pace.ts';

/** A clock that stands still until it is moved; `timers` are those set and not cancelled. */
function standingClock() {
  const timers = new Map<number, () => void>();
  const clock: ClockPort & { ms: number } = {
    ms: 0,
    nowMs: () => clock.ms,
    after: (ms, run) => {
      timers.set(ms, run);
      return () => void timers.delete(ms);
    },
  };
  return { clock, timers };
}

/** Whether the promise is settled once all that is due has run. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe('a pace', () => {
  const going = new AbortController().signal;

  it('waits for nothing where nothing is set', async () => {
    const { clock, timers } = standingClock();
    const pace = new AdjustablePace(clock);
    await pace.ready(going);
    clock.ms = 40;
    await pace.rest(going);
    expect(timers.size).toBe(0);
  });

  it.each([
    [50, 40],
    [25, 120],
    [80, 10],
  ])('at %i %% rests %i ms after a batch of 40', async (dutyPercent, restMs) => {
    const { clock, timers } = standingClock();
    const pace = new AdjustablePace(clock);
    pace.setDuty(dutyPercent);
    await pace.ready(going);
    clock.ms = 40;
    const rest = pace.rest(going);
    expect([...timers.keys()]).toEqual([restMs]);
    expect(await isSettled(rest)).toBe(false);
    timers.get(restMs)?.();
    await rest;
  });

  it('counts a batch from its own beginning: neither the rest before it nor a pause', async () => {
    const { clock, timers } = standingClock();
    const pace = new AdjustablePace(clock);
    pace.setDuty(50);
    pace.pause();
    const ready = pace.ready(going);
    clock.ms = 1_000;
    pace.resume();
    await ready;
    clock.ms = 1_030;
    void pace.rest(going);
    expect([...timers.keys()]).toEqual([30]);
  });

  it('pauses before the next batch until it is resumed', async () => {
    const pace = new AdjustablePace(standingClock().clock);
    pace.pause();
    const ready = pace.ready(going);
    expect(await isSettled(ready)).toBe(false);
    pace.resume();
    await ready;
    await pace.ready(going);
  });

  it('a change of the duty ends a rest and its timer', async () => {
    const { clock, timers } = standingClock();
    const pace = new AdjustablePace(clock);
    pace.setDuty(1);
    await pace.ready(going);
    clock.ms = 100;
    const rest = pace.rest(going);
    pace.setDuty(100);
    await rest;
    expect(timers.size).toBe(0);
  });

  it.each(['pause', 'rest'] as const)('an abort ends a %s', async (which) => {
    const { clock, timers } = standingClock();
    const pace = new AdjustablePace(clock);
    const controller = new AbortController();
    pace.setDuty(50);
    await pace.ready(controller.signal);
    clock.ms = 40;
    if (which === 'pause') pace.pause();
    const wait = which === 'pause' ? pace.ready(controller.signal) : pace.rest(controller.signal);
    expect(await isSettled(wait)).toBe(false);
    controller.abort();
    await wait;
    expect(timers.size).toBe(0);
    // Aborted before: no wait at all.
    await pace.rest(controller.signal);
  });

  it.each([0, -5, 101, Number.NaN])('rejects a duty of %f', (dutyPercent) => {
    expect(() => new AdjustablePace(standingClock().clock).setDuty(dutyPercent)).toThrow(RangeError);
  });
});
