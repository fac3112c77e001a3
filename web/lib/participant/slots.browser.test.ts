import { afterEach, describe, expect, it } from 'vitest';
import { bytesToBase64Url } from '#shared/base/bytes.ts';
import { isRunId, type RunId } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { systemRandom } from '#shared/base/random.ts';
import { rememberedSlot, rememberSlot, takeSlot } from './slots.ts';

/** Locks are the profile's: no two tests share a run. */
function freshRun(): RunId {
  const run = bytesToBase64Url(systemRandom(12));
  invariant(isRunId(run), '12 bytes are a run id');
  return run;
}
/** Longer than any test: a wait that is not to end by itself. */
const FOREVER_MS = 600_000;

/** A frame holds locks as a tab does, and ends when it is removed. */
interface Tab {
  readonly locks: LockManager;
  end(): void;
}
const tabs: Tab[] = [];
afterEach(() => tabs.splice(0).forEach((tab) => tab.end()));
function openTab(): Tab {
  const frame = document.body.appendChild(document.createElement('iframe'));
  invariant(frame.contentWindow, 'a frame in a page has a window');
  const tab = { locks: frame.contentWindow.navigator.locks, end: () => frame.remove() };
  tabs.push(tab);
  return tab;
}

async function take(run: RunId, remembered: number | null = null, tab = openTab(), reloadMs?: number) {
  const slot = await takeSlot(tab.locks, run, remembered, reloadMs);
  invariant(slot, 'there is a free one');
  return slot;
}

/** Its locks, so many of this run, are let go of later than the frame is gone. */
async function ended(tab: Tab, run: RunId, count: number): Promise<void> {
  const heldNow = async () =>
    (await navigator.locks.query()).held?.filter(({ name }) => name?.includes(run)).length ?? 0;
  const before = await heldNow();
  tab.end();
  await expect.poll(heldNow).toBe(before - count);
}

describe('slots of a profile', () => {
  it('two tabs hold two, and the first knows that it is', async () => {
    const run = freshRun();
    const [one, two, three] = [await take(run), await take(run), await take(run)];
    expect([one, two, three].map(({ index, first }) => ({ index, first }))).toEqual([
      { index: 0, first: true },
      { index: 1, first: false },
      { index: 2, first: false },
    ]);
  });

  it('tabs that come at once hold different ones, and one of them is the first', async () => {
    const run = freshRun();
    const slots = await Promise.all(Array.from({ length: 12 }, () => take(run)));
    expect(slots.map(({ index }) => index).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, i) => i),
    );
    expect(slots.filter(({ first }) => first)).toHaveLength(1);
  });

  it('runs have slots of their own', async () => {
    await take(freshRun());
    expect(await take(freshRun())).toMatchObject({ index: 0, first: true });
  });

  it('the slot of a tab that ended is found again, with its place', async () => {
    const run = freshRun();
    const one = openTab();
    await take(run, null, one);
    await take(run);
    await ended(one, run, 2);
    expect(await take(run)).toMatchObject({ index: 0, first: true });
  });

  it('a reloaded tab takes its own again, though a lower one is free', async () => {
    const run = freshRun();
    const [one, two] = [openTab(), openTab()];
    await take(run, null, one);
    await take(run, null, two);
    await ended(one, run, 2);
    await ended(two, run, 1);
    expect(await take(run, 1)).toMatchObject({ index: 1, first: true });
    // Its neighbour comes back to a lower slot and is not the first for that.
    expect(await take(run, 0)).toMatchObject({ index: 0, first: false });
  });

  it('a reloaded tab waits for the page before it to let go', async () => {
    const run = freshRun();
    const before = openTab();
    await take(run, null, before);
    const after = take(run, 0, openTab(), FOREVER_MS);
    // It is in the queue for its own, and not on to another.
    await expect
      .poll(async () => (await navigator.locks.query()).pending?.map(({ name }) => name))
      .toContain(`slot-${run}-0`);
    before.end();
    expect(await after).toMatchObject({ index: 0 });
  });

  it('a duplicated tab, which remembers the slot of its original, takes the next', async () => {
    const run = freshRun();
    await take(run);
    expect(await take(run, 0, openTab(), 1)).toMatchObject({ index: 1, first: false });
  });

  it('a slot that no profile has is not believed', async () => {
    const run = freshRun();
    expect(await take(run, 1_000)).toMatchObject({ index: 0 });
  });

  it('locks of a worker that ended are free again', async () => {
    const run = freshRun();
    const code = `navigator.locks.request('slot-${run}-0', () => { postMessage(0); return new Promise(() => {}); });`;
    const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    const worker = new Worker(url);
    await new Promise((resolve) => worker.addEventListener('message', resolve, { once: true }));
    expect(await take(run)).toMatchObject({ index: 1 });
    worker.terminate();
    URL.revokeObjectURL(url);
    expect(await take(run, 0, openTab(), FOREVER_MS)).toMatchObject({ index: 0 });
  });

  it('a lock that comes too late is not kept, and a request that is never answered is not waited for', async () => {
    let kept: unknown = 'not granted';
    // A stand-in, since no real lock comes late at a given moment: it forgets the abort and grants afterwards.
    const late: LockManager = Object.create(navigator.locks, {
      request: {
        value: (name: string, { signal }: LockOptions, run: LockGrantedCallback<unknown>) =>
          new Promise<void>((settle) => {
            if (signal === undefined)
              return settle(void run(name.endsWith('-0') ? null : { name, mode: 'exclusive' }));
            signal.addEventListener('abort', () => void (kept = run({ name, mode: 'exclusive' })));
          }),
      },
    });
    expect(await takeSlot(late, freshRun(), 0, 1)).toEqual({ index: 1, first: true });
    expect(kept).toBeUndefined();
  });

  it('all taken: there is none', async () => {
    // A stand-in for a profile with a thousand tabs; the real locks are in the other tests.
    const taken: LockManager = Object.create(navigator.locks, {
      request: {
        value: async (_name: string, _options: LockOptions, run: LockGrantedCallback<void>) => run(null),
      },
    });
    expect(await takeSlot(taken, freshRun(), null)).toBeNull();
  });
});

describe('the memory of a tab', () => {
  it('gives back the slot of a run, and null where there is none or nonsense', () => {
    const [run, other] = [freshRun(), freshRun()];
    rememberSlot(sessionStorage, run, 7);
    expect(rememberedSlot(sessionStorage, run)).toBe(7);
    expect(rememberedSlot(sessionStorage, other)).toBeNull();
    for (const text of ['', '-1', '1.5', 'x', '99999']) {
      sessionStorage.setItem(`chorale-slot-${run}`, text);
      expect(rememberedSlot(sessionStorage, run), text).toBeNull();
    }
  });
});
