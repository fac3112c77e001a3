import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AdminRunEvent, LiveView } from '#shared/protocol/api.ts';
import { RunFeed } from './run-feed.ts';

const log = (text: string): AdminRunEvent => ({ kind: 'log', entry: { at: '', text } });
const live = (here: number): AdminRunEvent => ({
  kind: 'live',
  live: { here } as LiveView,
});

describe('a run’s feed', () => {
  let feed: RunFeed;
  let seen: AdminRunEvent[];
  beforeEach(() => {
    vi.useFakeTimers();
    feed = new RunFeed();
    seen = [];
  });
  afterEach(() => {
    feed.close();
    vi.useRealTimers();
  });

  it('tells every listener at once what is published, until it stops listening', () => {
    const others: AdminRunEvent[] = [];
    const stop = feed.subscribe((event) => seen.push(event));
    feed.subscribe((event) => others.push(event));
    feed.publish(log('one'));
    stop();
    feed.publish(log('two'));
    expect(seen).toEqual([log('one')]);
    expect(others).toEqual([log('one'), log('two')]);
  });

  it('of what changes many times a second, sends the newest five times a second', () => {
    feed.subscribe((event) => seen.push(event));
    let here = 0;
    // A change a millisecond for a second.
    for (let ms = 0; ms < 1_000; ms++) {
      here = ms;
      feed.publishSoon('live', () => live(here));
      vi.advanceTimersByTime(1);
    }
    expect(seen).toHaveLength(5);
    expect(seen[0]).toEqual(live(199));
    vi.advanceTimersByTime(10_000);
    expect(seen.at(-1)).toEqual(live(999));
    expect(seen.length).toBeLessThanOrEqual(6);
  });

  it('sends each kind’s newest', () => {
    feed.subscribe((event) => seen.push(event));
    const participants: AdminRunEvent = { kind: 'participants', participants: [] };
    feed.publishSoon('live', () => live(1));
    feed.publishSoon('participants', () => participants);
    feed.publishSoon('live', () => live(2));
    vi.advanceTimersByTime(200);
    expect(seen).toEqual([live(2), participants]);
  });

  it('is silent once it is closed', () => {
    feed.subscribe((event) => seen.push(event));
    feed.publishSoon('live', () => live(1));
    feed.close();
    vi.advanceTimersByTime(1_000);
    feed.publish(log('late'));
    expect(seen).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
