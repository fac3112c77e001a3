/** The mark draws itself when a sum opens, and at no other time. */
import { flushSync, mount, unmount } from 'svelte';
import { fromStore, writable } from 'svelte/store';
import { expect, it } from 'vitest';
import Mark from './Mark.svelte';

it('draws itself when a sum opens, not when an old count becomes known', async () => {
  const opened = writable<number | null>(null);
  const current = fromStore(opened);
  const props = {
    get beat() {
      return current.current;
    },
  };
  const mark = mount(Mark, { target: document.body, props });
  const drawsAt = (count: number | null) => {
    opened.set(count);
    flushSync();
    return document.querySelector('.draw') !== null;
  };
  expect([null, 3, 3, 4].map(drawsAt)).toEqual([false, false, false, true]);

  const before = document.querySelector('.draw');
  expect(drawsAt(5)).toBe(true);
  expect(document.querySelector('.draw')).not.toBe(before);
  await unmount(mark);
});
