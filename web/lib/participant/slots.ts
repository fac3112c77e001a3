/**
 * Which of its profile's tabs a tab is. Each holds a slot of a run as a Web Lock, so that two tabs never have one
 * identity, and finds it again after a reload; a duplicated tab, which remembers the slot of its original, takes
 * another. Locks are let go of by the browser when a tab ends, however it ends.
 */
import type { RunId } from '#shared/base/ids.ts';
import { MAX_COHORT } from '#shared/protocol/limits.ts';

export interface Slot {
  /** 0-based. */
  readonly index: number;
  /** No other tab of this profile was the first of this run when this one came. */
  readonly first: boolean;
}

/** The locks of the page before a reload may live on for this long. */
const RELOAD_MS = 1_000;

const slotName = (run: RunId, index: number) => `slot-${run}-${index}`;
const firstName = (run: RunId) => `slot-${run}-first`;

/**
 * Holds, for as long as the tab lives, the slot `remembered` by it, where that is or becomes free; else the lowest
 * free one. Null where all of MAX_COHORT are taken.
 */
export async function takeSlot(
  locks: LockManager,
  run: RunId,
  remembered: number | null,
  reloadMs = RELOAD_MS,
): Promise<Slot | null> {
  const index = await takeIndex(locks, run, remembered, reloadMs);
  if (index === null) return null;
  return { index, first: await hold(locks, firstName(run), { ifAvailable: true }) };
}

async function takeIndex(
  locks: LockManager,
  run: RunId,
  remembered: number | null,
  reloadMs: number,
): Promise<number | null> {
  if (remembered !== null && remembered < MAX_COHORT)
    if (await holdWithin(locks, slotName(run, remembered), reloadMs)) return remembered;
  for (let index = 0; index < MAX_COHORT; index++)
    if (await hold(locks, slotName(run, index), { ifAvailable: true })) return index;
  return null;
}

/** Its own clock counts: Chromium sometimes forgets a request that is aborted while it is on its way. */
async function holdWithin(locks: LockManager, name: string, ms: number): Promise<boolean> {
  const patience = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
      patience.abort();
    }, ms);
  });
  const held = await Promise.race([hold(locks, name, { signal: patience.signal }), tooLate]);
  clearTimeout(timer);
  return held;
}

/** False where the lock is not available. One that is held stays so until the tab ends. */
function hold(locks: LockManager, name: string, options: LockOptions): Promise<boolean> {
  return new Promise((resolve, reject) => {
    locks
      .request(name, options, (lock) => {
        const wanted = lock !== null && options.signal?.aborted !== true;
        resolve(wanted);
        return wanted ? new Promise<never>(() => {}) : undefined;
      })
      .catch(reject);
  });
}

const memoryKey = (run: RunId) => `chorale-slot-${run}`;

/** Where a tab remembers its slot through a reload: `storage` is its sessionStorage, which workers lack. */
export function rememberSlot(storage: Storage, run: RunId, index: number): void {
  storage.setItem(memoryKey(run), String(index));
}

/** Null where this tab never had a slot of this run. */
export function rememberedSlot(storage: Storage, run: RunId): number | null {
  const text = storage.getItem(memoryKey(run)) ?? '';
  return /^\d{1,4}$/.test(text) ? Number(text) : null;
}
