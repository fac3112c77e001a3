/** "What left this tab": every message, newest first, with what it means. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, describe, expect, it } from 'vitest';
import type { SentMessage } from '#shared/participant/view.ts';
import { toCoordinator } from '#shared/protocol/messages/directions.ts';
import '../../app.css';
import SentTable from './SentTable.svelte';

const mounted: Record<string, unknown>[] = [];

/** The rows of the table that is shown, as the words of their cells. */
function rowsOf(sent: readonly SentMessage[], bytesSent: number): string[][] {
  mounted.push(mount(SentTable, { target: document.body, props: { sent, bytesSent } }));
  flushSync();
  return [...document.querySelectorAll('tbody tr')].map((row) =>
    [...row.querySelectorAll('td')].map((cell) => cell.textContent.replace(/\s+/g, ' ').trim()),
  );
}

const message = (kind: string, bytes: number, count = 1): SentMessage => ({
  atMs: Date.UTC(2030, 0, 1),
  kind,
  bytes,
  to: 'coordinator',
  count,
});

describe('what left this tab', () => {
  afterEach(async () => {
    for (const table of mounted.splice(0)) await unmount(table);
  });

  it('says so where nothing did', () => {
    expect(rowsOf([], 0)).toEqual([]);
    expect(document.body.textContent).toContain('Nothing yet.');
  });

  it('shows the newest first, with kind, count, receiver and bytes', () => {
    const rows = rowsOf([message('hello', 124), message('masked', 797_150, 4)], 797_274);
    expect(rows.map((cells) => cells.slice(1))).toEqual([
      [expect.stringMatching(/^masked × 4 what this tab learnt, hidden/), 'coordinator', '797,150'],
      [expect.stringMatching(/^hello asks to join/), 'coordinator', '124'],
    ]);
    expect(document.body.textContent).toContain('797 kB in all');
  });

  it.each(toCoordinator.options.map((option) => option.entries.kind.literal))(
    'explains "%s" in words',
    (kind) => {
      rowsOf([message(kind, 1)], 1);
      expect(document.querySelector('.meaning')?.textContent).not.toBe('');
    },
  );

  it('on a phone, keeps to the width of its card and still names the receiver', () => {
    document.body.style.width = '320px';
    rowsOf([message('masked', 797_150, 4), message('progress', 1_256, 20)], 798_406);
    const region = document.querySelector<HTMLElement>('[role="region"]');
    expect(window.innerWidth).toBeLessThanOrEqual(560);
    expect(region?.scrollWidth).toBeLessThanOrEqual(region?.clientWidth ?? 0);
    expect(region?.innerText).toContain('to the coordinator');
    document.body.style.width = '';
  });
});
