/** A tab that nobody looks at takes part like any other; and no tab's page does the work of its worker. */
import { AdminApi } from './harness/admin-api.ts';
import { PlainBrowser } from './harness/plain-browser.ts';
import { expect, test } from './harness/story.ts';
import { takePart, takePartWith } from './harness/tabs.ts';

const RUN_TIMEOUT_MS = 100_000;

/** Where tfjs keeps its one engine, wherever it is loaded. */
const HAS_ENGINE = `'_tfengine' in globalThis`;

test('a tab that is hidden behind another from before the first round to the end trains and is in every sum', async ({
  context,
  startCoordinator,
}) => {
  const { origin, token } = await startCoordinator();
  const admin = await AdminApi.signIn(origin, token);
  const { run, joinPath } = await admin.createRun({ taskId: 'mnist', clients: 3, rounds: 2 });
  const plain = await PlainBrowser.start();
  try {
    const tab = await plain.open(origin + joinPath);
    await tab.click('Take part');
    await tab.reads('Waiting: 1 of 3 here.');
    await tab.evaluate(`(() => {
      window.seen = [];
      document.addEventListener('visibilitychange', () => window.seen.push(document.visibilityState));
    })()`);
    await plain.open('about:blank');
    await tab.evaluate(
      `new Promise((resolve) => {
        if (document.visibilityState === 'hidden') return resolve();
        document.addEventListener('visibilitychange', () => resolve(), { once: true });
      })`,
    );
    await takePartWith(context, origin + joinPath, 2);
    await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 3);
    await admin.start(run.id);
    const ended = await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.state === 'done');
    expect(
      ended.rounds.map(({ outcome, participants, dropped }) => [outcome, participants, dropped]),
    ).toEqual([
      ['done', 3, 0],
      ['done', 3, 0],
    ]);
    await tab.reads('All rounds are done.');
    expect(await tab.evaluate('document.visibilityState')).toBe('hidden');
    expect(await tab.evaluate('window.seen')).toEqual(['hidden']);
    expect(await tab.evaluate(HAS_ENGINE)).toBe(false);
  } finally {
    await plain.stop();
  }
});

test('the page scores the newest model on its own data when asked, in the worker, where all training is', async ({
  context,
  startCoordinator,
}) => {
  const { origin, token } = await startCoordinator();
  const admin = await AdminApi.signIn(origin, token);
  const { run, joinPath } = await admin.createRun({ taskId: 'penguins', clients: 3, rounds: 3 });
  const page = await takePart(context, origin + joinPath);
  await takePartWith(context, origin + joinPath, 2);
  await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 3);
  await admin.start(run.id);
  await expect(page.getByText('All rounds are done.')).toBeVisible({ timeout: RUN_TIMEOUT_MS });

  const requests: string[] = [];
  context.on('request', (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`));
  await page.getByRole('button', { name: 'Score the newest model' }).click();
  await expect(page.getByText(/The model is right on \d+\.\d % of your \d+ examples; loss/)).toBeVisible();
  await expect(page.getByRole('region', { name: 'Each class on your data' })).toContainText('Adelie');
  // It asks for the list of the data and for the model, says nothing, and loads no example again.
  const { modelHash } = await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.state === 'done');
  expect(requests.toSorted()).toEqual([`GET /api/models/${modelHash}`, 'GET /demo/penguins/manifest.json']);

  expect(await page.evaluate(HAS_ENGINE)).toBe(false);
  const engines = await Promise.all(page.workers().map((worker) => worker.evaluate(HAS_ENGINE)));
  expect(engines).toContain(true);

  await page.goto(`${origin}/runs/${run.id}`);
  const table = page.getByRole('region', { name: 'Each class on the test set' });
  for (const species of ['Adelie', 'Chinstrap', 'Gentoo']) await expect(table).toContainText(species);
  await expect(
    page.getByText(/Most often, .* is taken for|All of the test set is named rightly/),
  ).toBeVisible();
});
