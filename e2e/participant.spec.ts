/** A participant's page, from what a person reads first to the model at the end; and leaving half-way. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { AdminApi } from './harness/admin-api.ts';
import { expect, test } from './harness/story.ts';
import { takePart, takePartWith } from './harness/tabs.ts';
import { nth } from './harness/traffic.ts';
import { Wire } from './harness/wire.ts';

const RUN_TIMEOUT_MS = 60_000;

/** Chunks of digits that this browser keeps for the page's address. */
const keptChunks = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open('chorale');
        opening.onerror = () => reject(new Error('IndexedDB does not open'));
        opening.onsuccess = () => {
          const counting = opening.result.transaction('chunks').objectStore('chunks').count();
          counting.onsuccess = () => {
            opening.result.close();
            resolve(counting.result);
          };
        };
      }),
  );

test('consent, a reload that downloads nothing again, the round, the model, and deleting the data', async ({
  page,
  context,
  startCoordinator,
}) => {
  const { origin, token } = await startCoordinator();
  const admin = await AdminApi.signIn(origin, token);
  const { run, joinPath } = await admin.createRun({ taskId: 'mnist', clients: 3, rounds: 1 });
  const downloads: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/demo/mnist/train-')) downloads.push(request.url());
  });

  await test.step('nothing is loaded or sent before the person has agreed to what the page says', async () => {
    await page.goto(origin + joinPath);
    await expect(page.getByRole('heading', { name: 'Handwritten digits' })).toBeVisible();
    await expect(page.getByText('ε = ∞').first()).toBeVisible();
    await expect(page.getByText('The keys of the masks go from tab to tab, signed')).toBeVisible();
    expect(downloads).toEqual([]);
    expect(page.workers()).toEqual([]);
  });

  await test.step('its own part of the digits is downloaded, and kept over a reload', async () => {
    await page.getByRole('button', { name: 'Take part' }).click();
    await expect(page.getByText('Waiting: 1 of 3 here.')).toBeVisible();
    // 60,000 digits in chunks of 500, a third of them.
    expect(new Set(downloads).size).toBe(40);
    downloads.length = 0;
    await page.reload();
    await page.getByRole('button', { name: 'Take part' }).click();
    await expect(page.getByText('Waiting: 1 of 3 here.')).toBeVisible();
    expect(downloads).toEqual([]);
  });

  await test.step('it takes part, and shows what left this tab', async () => {
    await takePartWith(context, origin + joinPath, 2);
    await page.bringToFront();
    await expect(page.getByText('Waiting: 3 of 3 here.')).toBeVisible();
    await admin.start(run.id);
    await expect(page.getByText('All rounds are done.')).toBeVisible({ timeout: RUN_TIMEOUT_MS });
    const sent = page.getByRole('region', { name: 'Messages that left this tab' });
    for (const kind of [
      'hello',
      'accept',
      'advertise',
      'link',
      'share',
      'shared',
      'masked',
      'confirm',
      'reveal',
    ])
      await expect(sent.getByText(kind, { exact: true }).first()).toBeVisible();
  });

  await test.step('the model can be downloaded, and is the one the coordinator names', async () => {
    const ended = await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.state === 'done');
    await expect(page.getByText(/The shared model is right on 9\d\.\d %/)).toBeVisible();
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download the model' }).click();
    const model = readFileSync(await (await downloading).path());
    expect(model.length).toBe(4 * run.parameters);
    expect(createHash('sha256').update(model).digest('hex')).toBe(ended.modelHash);
  });

  await test.step('deleting leaves nothing in this browser', async () => {
    expect(await keptChunks(page)).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Delete my data' }).click();
    await expect(page.getByText('Deleted: this browser keeps no data of this page any more.')).toBeVisible();
    expect(await keptChunks(page)).toBe(0);
  });
});

test('one leaves before the masking begins: the others go on without it', async ({
  context,
  startCoordinator,
}) => {
  const { origin, port, token } = await startCoordinator();
  const admin = await AdminApi.signIn(origin, token);
  const { run, joinPath } = await admin.createRun({ taskId: 'mnist', clients: 4, rounds: 1 });
  const staying = await takePartWith(context, origin + joinPath, 3);
  const wire = await Wire.to(port);
  const leaving = await takePart(context, wire.origin + joinPath);
  await expect(leaving.getByText('Waiting: 4 of 4 here.')).toBeVisible();
  const held = wire.hold(nth(1, 'advertise'));
  await admin.start(run.id);
  await held;
  await leaving.getByRole('button', { name: 'Leave the run' }).click();
  await expect(leaving.getByText('You left the run.').first()).toBeVisible();
  const ended = await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.state === 'done');
  expect(ended.rounds).toMatchObject([
    { round: 1, attempt: 1, outcome: 'done', invited: 4, participants: 3, dropped: 1 },
  ]);
  for (const tab of staying) await expect(tab.getByText('All rounds are done.')).toBeVisible();
  await wire.close();
});
