/** Rounds under noise in real tabs: what is said of ε is what happened, and a tab keeps its own limit. */
import type { BrowserContext, Page } from '@playwright/test';
import { epsilonOfOffer } from '#shared/privacy/mechanism-epsilon.ts';
import { epsilonText } from '#shared/privacy/statement.ts';
import type { RunView } from '#shared/protocol/api.ts';
import { promisedPrivacy } from '#shared/tasks/run-terms.ts';
import { AdminApi } from './harness/admin-api.ts';
import { expect, test } from './harness/story.ts';
import { takePart, takePartWith } from './harness/tabs.ts';

const RUN_TIMEOUT_MS = 100_000;
const DELTA = 1e-5;
const privacy = { mode: 'distributed', clipNorm: 1, epsilon: 8, delta: DELTA } as const;

/** ε after so many rounds, from the run's settings alone, as pages write it. */
function epsilonAfter({ settings, parameters }: RunView, rounds: number): string {
  const checked = promisedPrivacy(settings, parameters);
  if (!checked.ok || checked.value === null) throw new Error('the run has noise');
  return epsilonText(epsilonOfOffer(checked.value.mechanism, rounds, DELTA));
}

async function takePartWithin(context: BrowserContext, link: string, ownEpsilon: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(link);
  await page.getByLabel('My own limit of ε').fill(ownEpsilon);
  await page.getByRole('button', { name: 'Take part' }).click();
  return page;
}

/**
 * Each whose decline came says why. The first to decline leaves too few, which ends the run: for others it may end while
 * they still read the offer.
 */
async function whoDeclinedSaysWhy(tabs: readonly Page[], { rounds }: RunView): Promise<void> {
  const declined = rounds.at(-1)?.declined ?? 0;
  expect(declined).toBeGreaterThanOrEqual(1);
  const saying = async () => {
    const counts = await Promise.all(tabs.map((tab) => tab.getByText('own privacy limit').count()));
    return counts.filter((count) => count > 0).length;
  };
  await expect.poll(saying).toBeGreaterThanOrEqual(declined);
}

test('five tabs learn under noise and one is closed: pages say the ε that the accountant does, and a tab keeps its own limit', async ({
  context,
  startCoordinator,
}) => {
  const coordinator = await startCoordinator();
  const admin = await AdminApi.signIn(coordinator.origin, coordinator.token);
  const settings = { taskId: 'mnist-softmax', clients: 5, minCohort: 4, minSurvivors: 4, rounds: 3, privacy };
  const { run, joinPath } = await admin.createRun(settings);
  const tabs = await takePartWith(context, coordinator.origin + joinPath, 4);
  const leaving = await takePart(context, coordinator.origin + joinPath);
  await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 5);
  await admin.start(run.id);
  await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.rounds.some(({ outcome }) => outcome === 'done'));
  await leaving.close();
  const ended = await admin.until(run.id, RUN_TIMEOUT_MS, (view) =>
    ['done', 'stopped', 'failed'].includes(view.live.state),
  );
  // A tab counts an attempt that was aborted after it had masked for it; the coordinator a sum that could be opened.
  const { roundsSpent } = ended.live.privacy;
  expect(roundsSpent).toBeGreaterThanOrEqual(2);
  const sentence = `So far ε = ${epsilonAfter(ended, roundsSpent)} (δ = 1e-5), ${roundsSpent} of`;
  const publicPage = await context.newPage();
  await publicPage.goto(`${coordinator.origin}/runs/${run.id}`);
  await expect(publicPage.getByText(sentence)).toBeVisible();
  const own = /So far ε = ([\d.]+) \(δ = 1e-5\), (\d+) of your/;
  for (const tab of tabs) {
    const text = (await tab.getByText(own).textContent()) ?? '';
    const [, epsilon = '', rounds = ''] = own.exec(text) ?? [];
    expect(Number(rounds)).toBeGreaterThanOrEqual(roundsSpent);
    expect(epsilon).toBe(epsilonAfter(ended, Number(rounds)));
  }

  // The same browser, which has spent more than that already.
  const second = await admin.createRun({ ...settings, clients: 3, minCohort: 3, minSurvivors: 3 });
  const limited = await Promise.all(
    [1, 2, 3].map(() => takePartWithin(context, coordinator.origin + second.joinPath, '1')),
  );
  await admin.until(second.run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 3);
  await admin.start(second.run.id);
  const refused = await admin.until(second.run.id, RUN_TIMEOUT_MS, (view) => view.endedBecause !== null);
  expect(refused.endedBecause).toContain('The privacy budget is spent after 0 of 3 rounds');
  expect(refused.live.privacy.roundsSpent).toBe(0);
  await whoDeclinedSaysWhy(limited, refused);

  // The limit is kept in the browser: the next run is joined with it, and nothing is written anew.
  const third = await admin.createRun({ ...settings, clients: 3, minCohort: 3, minSurvivors: 3 });
  const again = await Promise.all(
    [1, 2, 3].map(async () => {
      const page = await context.newPage();
      await page.goto(coordinator.origin + third.joinPath);
      await expect(page.getByLabel('My own limit of ε')).toHaveValue('1');
      await expect(page.getByText(/Spent so far, in \d+ rounds: ε = (\d|∞)/)).toBeVisible();
      await expect(page.getByText('More than that is spent already')).toBeVisible();
      await page.getByRole('button', { name: 'Take part' }).click();
      return page;
    }),
  );
  await admin.until(third.run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 3);
  await admin.start(third.run.id);
  const declined = await admin.until(third.run.id, RUN_TIMEOUT_MS, (view) => view.endedBecause !== null);
  expect(declined.live.privacy.roundsSpent).toBe(0);
  await whoDeclinedSaysWhy(again, declined);
});
