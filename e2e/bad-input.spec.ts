/** What people, browsers and networks get wrong: a clear message at the right place, and the run goes on for everyone else. */
import { randomBytes } from 'node:crypto';
import { MAX_FRAME_BYTES } from '#shared/protocol/limits.ts';
import { AdminApi } from './harness/admin-api.ts';
import { CoordinatorProcess } from './harness/coordinator.ts';
import { expect, test } from './harness/story.ts';
import { answersTo } from './harness/stranger.ts';
import { takePart, takePartWith } from './harness/tabs.ts';
import { nth } from './harness/traffic.ts';
import { Wire } from './harness/wire.ts';

const RUN_TIMEOUT_MS = 100_000;

test('an invitation that opens no run: the page says so, before and after "Take part"', async ({
  page,
  context,
  startCoordinator,
  watch,
}) => {
  const { origin, token } = await startCoordinator();
  const admin = await AdminApi.signIn(origin, token);
  const { run, joinPath } = await admin.createRun({ taskId: 'mnist', clients: 3, rounds: 1 });

  await page.goto(`${origin}${joinPath.slice(0, -1)}`);
  await expect(page.getByRole('heading', { name: 'This link does not open a run.' })).toBeVisible();
  await expect(page.getByText('it is cut short or spoilt')).toBeVisible();

  // The invitation of another run, on this one's address.
  const other = await admin.createRun({ taskId: 'mnist', clients: 3, rounds: 1 });
  const stranger = await context.newPage();
  await stranger.goto(`${origin}/join/${run.id}#${other.joinPath.split('#')[1]}`);
  await expect(stranger.getByText('its admin did not sign it for this run')).toBeVisible();

  watch.expectError(/404/);
  const elsewhere = await context.newPage();
  await elsewhere.goto(`${origin}/join/${'A'.repeat(16)}${joinPath.slice(joinPath.indexOf('#'))}`);
  await expect(elsewhere.getByText('its admin did not sign it for this run')).toBeVisible();
  await expect(elsewhere.getByRole('button', { name: 'Take part' })).toHaveCount(0);
});

test('a wrong admin token is refused on the page, and the right one then signs in', async ({
  page,
  startCoordinator,
  watch,
}) => {
  const { origin, token } = await startCoordinator();
  watch.expectError(/401/);
  await page.goto(`${origin}/admin`);
  await page.getByLabel('Admin token').fill('not the token');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toContainText('This is not the admin token.');
  await page.getByLabel('Admin token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Runs' })).toBeVisible();
});

for (const { lacking, name, message } of [
  { lacking: 'WebAssembly', name: 'no WebAssembly', message: 'This browser has no WebAssembly' },
  { lacking: 'indexedDB', name: 'no IndexedDB', message: 'does not let the page keep data (IndexedDB)' },
])
  test(`a browser with ${name}: the page says what is missing and takes nobody in`, async ({
    page,
    startCoordinator,
  }) => {
    const { origin, token } = await startCoordinator();
    const admin = await AdminApi.signIn(origin, token);
    const { joinPath } = await admin.createRun({ taskId: 'mnist', clients: 3, rounds: 1 });
    await page.addInitScript(
      (global) => Object.defineProperty(window, global, { value: undefined, configurable: true }),
      lacking,
    );
    await page.goto(origin + joinPath);
    await expect(page.getByRole('alert')).toContainText(message);
    await expect(page.getByRole('button', { name: 'Take part' })).toBeDisabled();
  });

test('a corrupted shard and broken frames cost their senders their place, and the run goes on', async ({
  browser,
  context,
  startCoordinator,
  watch,
}) => {
  const { origin, token, port } = await startCoordinator();
  const admin = await AdminApi.signIn(origin, token);
  const { run, joinPath } = await admin.createRun({ taskId: 'mnist', clients: 4, rounds: 2 });

  const unlucky = watch.context(await browser.newContext());
  await unlucky.route('**/demo/mnist/train-*.bin', async (route) => {
    const response = await route.fetch();
    const body = await response.body();
    body[100] = (body[100] ?? 0) ^ 1;
    await route.fulfill({ response, body });
  });
  const refused = await takePart(unlucky, origin + joinPath);
  await expect(refused.getByRole('alert')).toContainText('Your part of the data could not be loaded');
  await expect(refused.getByRole('alert')).toContainText(/train-\d{3}\.bin/);

  const wire = await Wire.to(port);
  const tabs = [
    await takePart(context, wire.origin + joinPath),
    ...(await takePartWith(context, origin + joinPath, 2)),
  ];
  await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 3);
  // The first round stays open until one tab's key is let through.
  const held = wire.hold(nth(1, 'advertise'));
  await admin.start(run.id);
  await held;

  const answers = (...frames: (Uint8Array | 'hello')[]) => answersTo(port, joinPath, frames);
  expect(await answers(randomBytes(40))).toEqual(['fault malformed']);
  expect(await answers(Buffer.from('{"kind":"hello"}'))).toEqual(['fault malformed']);
  expect((await answers('hello', randomBytes(40))).at(-1)).toBe('fault malformed');
  expect((await answers('hello', 'hello')).at(-1)).toBe('fault wrong-phase');
  // ws closes an oversized frame's connection before it is read.
  expect(await answers('hello', Buffer.alloc(MAX_FRAME_BYTES + 1))).not.toContain('fault malformed');
  wire.release();

  const ended = await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.state === 'done');
  expect(
    ended.rounds.map(({ round, attempt, outcome, participants }) => [round, attempt, outcome, participants]),
  ).toEqual([
    [1, 1, 'done', 3],
    [2, 1, 'done', 3],
  ]);
  for (const tab of tabs) await expect(tab.getByText('All rounds are done.')).toBeVisible();
  await wire.close();
});

test('a plain-http page of a network says what it lacks, and takes part all the same', async ({
  context,
  launchOptions,
  playwright,
  startCoordinator,
  watch,
}) => {
  const { origin, token, port } = await startCoordinator();
  const admin = await AdminApi.signIn(origin, token);
  const { run, joinPath } = await admin.createRun({ taskId: 'mnist', clients: 3, rounds: 1 });
  const lan = await playwright.chromium.launch({
    ...launchOptions,
    args: [...(launchOptions.args ?? []), '--host-resolver-rules=MAP lan.test 127.0.0.1'],
  });
  // Isolation is a privilege of secure pages; the browser says that it ignores these headers.
  watch.expectError(/Cross-Origin-Opener-Policy header has been ignored/);
  const page = await takePart(watch.context(await lan.newContext()), `http://lan.test:${port}${joinPath}`);
  expect(await page.evaluate(() => window.isSecureContext)).toBe(false);
  await expect(page.getByText('This page came over plain http')).toBeVisible();
  await takePartWith(context, origin + joinPath, 2);
  await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 3);
  await admin.start(run.id);
  const ended = await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.state === 'done');
  expect(ended.rounds).toMatchObject([{ outcome: 'done', participants: 3 }]);
  await expect(page.getByText('All rounds are done.')).toBeVisible();
  await lan.close();
});

test('a port in use: the second coordinator says so, and the first stays up', async ({
  page,
  startCoordinator,
}) => {
  const { port, origin } = await startCoordinator();
  const second = CoordinatorProcess.start({ build: 'product', args: ['--port', String(port)] });
  await expect(second).rejects.toThrow(`Port ${port} is in use`);
  await page.goto(origin);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
});

test('a run below three participants is refused by name', async ({ startCoordinator }) => {
  const { origin, token } = await startCoordinator();
  const admin = await AdminApi.signIn(origin, token);
  const two = admin.createRun({ taskId: 'mnist', clients: 2, rounds: 1 });
  await expect(two).rejects.toThrow('clients: at least 3');
});
