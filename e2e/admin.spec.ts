/** The admin's page from the printed link to a second run, the public page beside it, and both on a phone. */
import type { Page } from '@playwright/test';
import { AdminApi } from './harness/admin-api.ts';
import { expect, test } from './harness/story.ts';
import { takePartWith } from './harness/tabs.ts';

const RUN_TIMEOUT_MS = 60_000;
const PHONE = { width: 390, height: 844 };

async function createRun(page: Page, participants: number, rounds: number): Promise<void> {
  await page.getByRole('spinbutton', { name: 'Participants' }).fill(String(participants));
  await page.getByRole('spinbutton', { name: 'Rounds' }).fill(String(rounds));
  await page.getByRole('button', { name: 'Create the run' }).click();
  // The run that the coordinator made at its start looks much the same.
  await expect(page.getByRole('button', { name: `of ${rounds} rounds`, pressed: true })).toBeVisible();
}

const invitationOn = (page: Page): Promise<string> =>
  page.getByLabel('Invitation, for participants').inputValue();

/** The chart's numbers, which it also gives as a table: one row a round, the initial model's first. */
const accuracyRows = (page: Page) =>
  page.getByRole('table', { name: 'Accuracy on the test set' }).getByRole('row');

test('sign in, run, look, reload, run again, stop', async ({ page, context, startCoordinator }) => {
  const { origin, token } = await startCoordinator();

  await test.step('the token is in the address only until it is used', async () => {
    await page.goto(`${origin}/admin#${token}`);
    await expect(page.getByRole('heading', { name: 'Runs' })).toBeVisible();
    expect(page.url()).toBe(`${origin}/admin`);
  });

  await test.step('a new run is made, started, and followed live', async () => {
    await createRun(page, 3, 2);
    await expect(page.getByText('Not started. 0 of 3 participants are here.')).toBeVisible();
    await takePartWith(context, await invitationOn(page), 3);
    await page.bringToFront();
    await expect(page.getByText('Ready to start: 3 participants are here.')).toBeVisible();
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await expect(page.getByText('All rounds are done.').first()).toBeVisible({ timeout: RUN_TIMEOUT_MS });
    // Two of the run, and two of the planner.
    await expect(page.locator('canvas')).toHaveCount(4);
    // Header, initial model, two rounds; the last one is evaluated beside the rounds.
    await expect(accuracyRows(page)).toHaveCount(4);
    await expect(accuracyRows(page).last().getByRole('cell')).toHaveText(['2', /^9\d\.\d %$/]);
  });

  await test.step('a reload keeps the session and the numbers', async () => {
    await page.reload();
    await expect(page.getByText('All rounds are done.').first()).toBeVisible();
    await expect(accuracyRows(page).last().getByRole('cell')).toHaveText(['2', /^9\d\.\d %$/]);
  });

  await test.step('the public page shows the same, read-only', async () => {
    const address = await page.getByLabel('Public page').inputValue();
    const reader = await context.newPage();
    await reader.goto(address);
    await expect(accuracyRows(reader).last().getByRole('cell')).toHaveText(['2', /^9\d\.\d %$/]);
    await expect(reader.locator('canvas')).toHaveCount(2);
    await expect(reader.getByRole('button', { name: /start|stop/i })).toHaveCount(0);
    await reader.close();
    await page.bringToFront();
  });

  await test.step('a second run without a restart, stopped by the admin', async () => {
    await createRun(page, 3, 100);
    await expect(page.getByText('Not started. 0 of 3 participants are here.')).toBeVisible();
    const tabs = await takePartWith(context, await invitationOn(page), 3);
    await page.bringToFront();
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await expect(page.getByText(/^Round \d+: \w+\.$/)).toBeVisible({ timeout: RUN_TIMEOUT_MS });
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByRole('button', { name: 'End it' }).click();
    await expect(page.getByText('Stopped.', { exact: true })).toBeVisible();
    for (const tab of tabs) await expect(tab.getByText('The admin stopped the run.')).toBeVisible();
  });

  await test.step('after signing out the page asks for the token', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page.getByLabel('Admin token')).toBeVisible();
    await page.reload();
    await expect(page.getByLabel('Admin token')).toBeVisible();
  });
});

test('no page scrolls sideways on a phone', async ({ page, startCoordinator }) => {
  const { origin, token } = await startCoordinator();
  const admin = await AdminApi.signIn(origin, token);
  const { run, joinPath } = await admin.createRun({ taskId: 'mnist', clients: 3, rounds: 1 });
  await page.setViewportSize(PHONE);
  for (const [path, landmark] of [
    ['/', 'link'],
    [joinPath, 'button'],
    [`/runs/${run.id}`, 'table'],
    [`/admin#${token}`, 'button'],
  ] as const) {
    await page.goto(origin + path);
    await expect(page.getByRole('main').getByRole(landmark).first()).toBeVisible();
    const { wide, shown } = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth,
      shown: document.documentElement.clientWidth,
    }));
    expect(wide, path).toBeLessThanOrEqual(shown);
  }
});
