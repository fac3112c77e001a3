/**
 * kill −9 of a browser whose tab takes part in a round under noise: opened again on the same profile, the tab's own
 * ledger has counted every attempt for which a masked byte left, the page says so, and the run goes on with it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Browser, Page } from '@playwright/test';
import { chromium } from 'playwright';
import { bytesToHex } from '#shared/base/bytes.ts';
import type { OwnEntry } from '#shared/privacy/participant-ledger.ts';
import { AdminApi } from './harness/admin-api.ts';
import { BROWSER_ARGS, requireBrowser } from './harness/browser.ts';
import { expect, test } from './harness/story.ts';
import { takePart, takePartWith } from './harness/tabs.ts';
import { messageOf, nth } from './harness/traffic.ts';
import { Wire } from './harness/wire.ts';

const RUN_TIMEOUT_MS = 100_000;
const privacy = { mode: 'distributed', clipNorm: 1, epsilon: 8, delta: 1e-5 } as const;
/** Each may take part twice. */
const settings = { taskId: 'mnist-softmax', clients: 3, rounds: 2, privacy };

/** A browser of its own on a profile that outlives it, in a process group, so that all of it dies at once. */
class KillableBrowser {
  readonly #process: ChildProcess;
  readonly #browser: Browser;

  private constructor(process: ChildProcess, browser: Browser) {
    this.#process = process;
    this.#browser = browser;
  }

  static async open(profile: string): Promise<KillableBrowser> {
    const flags = ['--headless', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'];
    const child = spawn(requireBrowser(), [...BROWSER_ARGS, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    const endpoint = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`The browser ended with code ${code}.`)));
      createInterface(child.stderr).on('line', (line) => {
        const address = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
        if (address !== undefined) resolve(address);
      });
    });
    return new KillableBrowser(child, await chromium.connectOverCDP(endpoint));
  }

  async page(url: string): Promise<Page> {
    const [context] = this.#browser.contexts();
    if (context === undefined) throw new Error('a browser has its profile’s context');
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }

  async takePart(invitation: string): Promise<Page> {
    const [context] = this.#browser.contexts();
    if (context === undefined) throw new Error('a browser has its profile’s context');
    return takePart(context, invitation);
  }

  async kill(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#process;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    process.kill(-pid, 'SIGKILL');
    await ended;
  }
}

/** Attempts that this browser's ledger has counted for the page's address. */
const countedIn = (page: Page): Promise<string[]> =>
  page.evaluate(
    () =>
      new Promise<string[]>((resolve, reject) => {
        const opening = indexedDB.open('chorale-privacy');
        // It is there from the first visit of a tab that took part; made here, it would have no store.
        opening.onupgradeneeded = () => reject(new Error('there is no ledger'));
        opening.onerror = () => reject(new Error('IndexedDB does not open'));
        opening.onsuccess = () => {
          const reading = opening.result.transaction('entries').objectStore('entries').getAll();
          reading.onsuccess = () => {
            opening.result.close();
            resolve((reading.result as OwnEntry[]).map(({ sid }) => sid));
          };
        };
      }),
  );

/** Attempts for which masked bytes came through the wire. */
const maskedOn = (wire: Wire): Set<string> =>
  new Set(
    wire.sent
      .map(messageOf)
      .filter((message) => message.kind === 'masked')
      .map((message) => bytesToHex(message.sid)),
  );

const deaths = [
  { at: 'shared', when: 'before it may mask', counted: 0, masked: 0 },
  { at: 'masked-ready', when: 'when it has counted and masked, and nothing has left', counted: 1, masked: 0 },
  { at: 'masked', when: 'at its first masked bytes', counted: 1, masked: 1 },
] as const;

for (const { at, when, counted, masked } of deaths)
  test(`LEDGER-1: a browser that is killed ${when} has counted what left`, async ({
    context,
    startCoordinator,
  }) => {
    const coordinator = await startCoordinator();
    const admin = await AdminApi.signIn(coordinator.origin, coordinator.token);
    const { run, joinPath } = await admin.createRun(settings);
    const wire = await Wire.to(coordinator.port);
    const profile = mkdtempSync(join(tmpdir(), 'chorale-killed-'));
    await takePartWith(context, coordinator.origin + joinPath, 2);
    const first = await KillableBrowser.open(profile);
    let second: KillableBrowser | null = null;
    try {
      await first.takePart(wire.origin + joinPath);
      await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 3);
      const held = wire.hold(nth(1, at));
      await admin.start(run.id);
      await held;
      await first.kill();
      await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 2);
      wire.release();
      expect(maskedOn(wire).size).toBe(masked);

      second = await KillableBrowser.open(profile);
      const page = await second.page(wire.origin + joinPath);
      const entries = await countedIn(page);
      expect(entries).toHaveLength(counted);
      expect(entries).toEqual(expect.arrayContaining([...maskedOn(wire)]));

      // It comes back as the participant that it was: what it spent before counts, and it spends no more than twice.
      await page.getByRole('button', { name: 'Take part' }).click();
      const ended = await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.state !== 'running');
      expect(ended.live.state).toBe(counted === 0 ? 'done' : 'stopped');
      expect(ended.rounds.filter(({ outcome }) => outcome === 'done')).toHaveLength(2 - counted);
      const spent = await countedIn(page);
      expect(spent).toEqual(expect.arrayContaining([...maskedOn(wire)]));
      expect(spent).toHaveLength(2);
      await expect(page.getByText('2 of your 2 rounds').first()).toBeVisible();
    } finally {
      await first.kill();
      await second?.kill();
      await wire.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  });
