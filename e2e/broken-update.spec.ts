/**
 * What a task asks too much of: a learning rate that breaks training, of which each page says what happened to its own
 * update and nobody else does; and a device that has not the memory.
 */
import { AdminApi } from './harness/admin-api.ts';
import { expect, test } from './harness/story.ts';
import { takePartWith } from './harness/tabs.ts';

const RUN_TIMEOUT_MS = 100_000;
const BROKEN =
  /The (loss (stopped being a number|became infinite) at batch \d+ of epoch \d+|update exploded: )/;
const training = {
  epochs: 5,
  batchSize: 16,
  learningRate: 100,
  optimizer: { kind: 'momentum', momentum: 0.9 },
  updateNormMax: 100,
} as const;

test('without noise the tabs decline, and each page says why and that nothing left it', async ({
  context,
  startCoordinator,
}) => {
  const { origin, token } = await startCoordinator();
  const admin = await AdminApi.signIn(origin, token);
  const settings = { taskId: 'penguins', clients: 3, rounds: 1, training };
  const { run, joinPath } = await admin.createRun(settings);
  const tabs = await takePartWith(context, origin + joinPath, 3);
  await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 3);
  await admin.start(run.id);
  const { rounds } = await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.rounds.length > 0);
  expect(rounds[0]).toMatchObject({ outcome: 'aborted', abortCode: 'too-few-trained', participants: 0 });
  for (const tab of tabs) {
    const first = tab.getByRole('listitem').filter({ hasText: 'This tab sat the round out' }).first();
    await expect(first).toContainText(BROKEN);
    await expect(first).toContainText('Nothing of this update left this tab.');
    await expect(first).toContainText('A smaller learning rate usually helps; the admin sets it.');
  }
});

test('under noise the round is done with zeros, and each page says that they went in its place', async ({
  context,
  startCoordinator,
}) => {
  const { origin, token } = await startCoordinator();
  const admin = await AdminApi.signIn(origin, token);
  const privacy = { mode: 'distributed', clipNorm: 1, epsilon: 8, delta: 1e-5 } as const;
  const settings = { taskId: 'penguins', clients: 3, rounds: 1, privacy, training };
  const { run, joinPath } = await admin.createRun(settings);
  const tabs = await takePartWith(context, origin + joinPath, 3);
  await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 3);
  await admin.start(run.id);
  const { rounds } = await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.state === 'done');
  expect(rounds).toMatchObject([{ outcome: 'done', participants: 3, declined: 0 }]);
  for (const tab of tabs) {
    await expect(tab.getByText(BROKEN)).toBeVisible();
    await expect(tab.getByText('In its place go zeros with this tab’s share of the noise')).toBeVisible();
  }
});

test('a model too large for the device: the page says so before anything is downloaded, and takes nobody in', async ({
  page,
  startCoordinator,
}) => {
  const { origin, token } = await startCoordinator();
  const admin = await AdminApi.signIn(origin, token);
  const { joinPath } = await admin.createRun({ taskId: 'mnist', clients: 3, rounds: 1 });
  const downloads: string[] = [];
  page.on('request', (request) => {
    if (/train-|\/api\/models\//.test(request.url())) downloads.push(request.url());
  });
  // GiB: a mebibyte.
  await page.addInitScript(() =>
    Object.defineProperty(Navigator.prototype, 'deviceMemory', { get: () => 1 / 1024 }),
  );
  await page.goto(origin + joinPath);
  await expect(page.getByRole('alert')).toContainText(/Training this model takes more than 2 MB of memory/);
  await expect(page.getByRole('button', { name: 'Take part' })).toBeDisabled();
  expect(downloads).toEqual([]);
  expect(page.workers()).toEqual([]);
});
