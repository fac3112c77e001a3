/** A run under noise is extended when it is done: each real tab is asked, three agree, one keeps to its terms. */
import type { Page } from '@playwright/test';
import { epsilonOfOffer } from '#shared/privacy/mechanism-epsilon.ts';
import { epsilonText } from '#shared/privacy/statement.ts';
import type { RunView } from '#shared/protocol/api.ts';
import { currentTerms, promisedPrivacy } from '#shared/tasks/run-terms.ts';
import { AdminApi } from './harness/admin-api.ts';
import { expect, test } from './harness/story.ts';
import { takePartWith } from './harness/tabs.ts';

const RUN_TIMEOUT_MS = 60_000;
const DELTA = 1e-5;
const privacy = { mode: 'distributed', clipNorm: 1, epsilon: 8, delta: DELTA } as const;

/** ε after so many rounds under the noise that the run promised first, as pages write it. */
function epsilonAfter({ settings, parameters }: RunView, rounds: number): string {
  const promised = promisedPrivacy(settings, parameters);
  if (!promised.ok || promised.value === null) throw new Error('the run has noise');
  return epsilonText(epsilonOfOffer(promised.value.mechanism, rounds, DELTA));
}

const question = (tab: Page) => tab.getByRole('heading', { name: 'This run was extended. Do you agree?' });
const agree = (tab: Page) => tab.getByRole('button', { name: 'Agree', exact: true }).click();

test('done, extended, agreed to by three and not by one: who keeps to its terms takes part in no more', async ({
  context,
  page,
  startCoordinator,
}) => {
  const { origin, token } = await startCoordinator();
  const admin = await AdminApi.signIn(origin, token);
  const settings = { taskId: 'mnist-softmax', clients: 4, minCohort: 3, minSurvivors: 3, rounds: 2, privacy };
  const { run, joinPath } = await admin.createRun(settings);
  const tabs = await takePartWith(context, origin + joinPath, 4);
  const [first, second, third, keeping] = tabs as [Page, Page, Page, Page];
  await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 4);
  await admin.start(run.id);
  for (const tab of tabs)
    await expect(tab.getByText('All rounds are done.')).toBeVisible({ timeout: RUN_TIMEOUT_MS });

  await test.step('the admin extends it on the admin’s page, which says what ε that leads to', async () => {
    await page.goto(`${origin}/admin#${token}`);
    await page.getByRole('button', { name: /of 2 rounds/ }).click();
    await page.getByText('Extend this run').click();
    await page.getByRole('spinbutton', { name: 'Rounds in all' }).fill('1');
    await expect(page.getByText(/Rounds 1 is not a whole number from the 2/)).toBeVisible();
    await page.getByRole('spinbutton', { name: 'Rounds in all' }).fill('3');
    await expect(page.getByText(`ε at the end, at most: ${epsilonAfter(run, 3)} instead of 8`)).toBeVisible();
    await page.getByRole('button', { name: 'Extend the run' }).click();
    await expect(page.getByText('Extended: each participant is being asked.')).toBeVisible();
  });

  await test.step('each tab asks its person, with the numbers of both', async () => {
    for (const tab of tabs) {
      await expect(question(tab)).toBeVisible();
      const row = tab.getByRole('row', { name: 'ε at the end, at most' });
      await expect(row.getByRole('cell')).toHaveText(['8', epsilonAfter(run, 3)]);
    }
  });

  await test.step('on a phone both columns are seen without scrolling sideways', async () => {
    await keeping.setViewportSize({ width: 390, height: 844 });
    const cell = question(keeping).locator('..').getByRole('columnheader', { name: 'Asked for now' });
    const box = await cell.boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? Infinity)).toBeLessThanOrEqual(390);
  });

  await test.step('one keeps to its terms; a yes, and no answer, outlive a reload', async () => {
    await keeping.getByRole('button', { name: 'Keep to what I agreed to' }).click();
    await expect(keeping.getByText('You keep to what you agreed to.')).toBeVisible();
    await agree(first);
    await expect(question(first)).toBeHidden();
    await first.reload();
    await first.getByRole('button', { name: 'Take part' }).click();
    await expect(first.getByText(/^Waiting: 1 of 3 here\./)).toBeVisible();
    await expect(question(first)).toBeHidden();
    await second.reload();
    await expect(second.getByText('You agreed in this tab before, to 2 rounds of this run.')).toBeVisible();
    await second.getByRole('button', { name: 'Take part' }).click();
    await expect(question(second)).toBeVisible();
    await agree(second);
    await agree(third);
  });

  const ended = await admin.until(
    run.id,
    RUN_TIMEOUT_MS,
    (view) =>
      view.rounds.filter(({ outcome }) => outcome === 'done').length === 3 && view.live.state === 'done',
  );
  expect(currentTerms(ended.settings).rounds).toBe(3);
  expect(
    ended.rounds.filter(({ outcome }) => outcome === 'done').map(({ participants }) => participants),
  ).toEqual([4, 4, 3]);
  for (const tab of [first, second, third])
    await expect(
      tab.getByText(`So far ε = ${epsilonAfter(ended, 3)} (δ = 1e-5), 3 of your 3 rounds`),
    ).toBeVisible();
  await expect(
    keeping.getByText(`So far ε = ${epsilonAfter(ended, 2)} (δ = 1e-5), 2 of your 2 rounds`),
  ).toBeVisible();
  expect(ended.live.privacy.roundsSpent).toBe(3);
  const reader = await context.newPage();
  await reader.goto(`${origin}/runs/${run.id}`);
  await expect(reader.getByText(`So far ε = ${epsilonAfter(ended, 3)} (δ = 1e-5), 3 of`)).toBeVisible();
  await expect(reader.getByText(/The admin extended the run from 2 to 3 rounds/)).toBeVisible();
});
