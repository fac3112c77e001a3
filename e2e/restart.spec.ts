/** The coordinator is killed in the middle of a round; everyone comes back by themselves and the run goes on. */
import { AdminApi } from './harness/admin-api.ts';
import { expect, test } from './harness/story.ts';
import { takePart, takePartWith } from './harness/tabs.ts';
import { nth } from './harness/traffic.ts';
import { Wire } from './harness/wire.ts';

const RUN_TIMEOUT_MS = 100_000;

test('after kill −9 in a round, tabs reconnect and the run goes on to its end', async ({
  context,
  page: publicPage,
  startCoordinator,
  watch,
}) => {
  const coordinator = await startCoordinator();
  const admin = await AdminApi.signIn(coordinator.origin, coordinator.token);
  const { run, joinPath } = await admin.createRun({ taskId: 'mnist', clients: 4, rounds: 3 });
  await publicPage.goto(`${coordinator.origin}/runs/${run.id}`);
  const wire = await Wire.to(coordinator.port);
  const tabs = [
    await takePart(context, wire.origin + joinPath),
    ...(await takePartWith(context, coordinator.origin + joinPath, 3)),
  ];
  await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.here === 4);
  // The second round stays open until one tab's key is let through.
  const held = wire.hold(nth(2, 'advertise'));
  await admin.start(run.id);
  await held;

  // A page that nobody sees gives its stream back.
  await publicPage.bringToFront();
  watch.expectError(
    /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/,
  );
  await coordinator.kill();
  wire.release();
  for (const tab of tabs) await expect(tab.getByText('The connection is lost.')).toBeVisible();
  await expect(publicPage.getByText('The coordinator cannot be reached')).toBeVisible();
  await coordinator.restart();

  const ended = await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.state === 'done');
  expect(ended.rounds.map(({ round, outcome, abortCode }) => ({ round, outcome, abortCode }))).toEqual([
    { round: 1, outcome: 'done', abortCode: null },
    { round: 2, outcome: 'aborted', abortCode: 'coordinator-restarted' },
    { round: 2, outcome: 'done', abortCode: null },
    { round: 3, outcome: 'done', abortCode: null },
  ]);
  for (const tab of tabs) await expect(tab.getByText('All rounds are done.')).toBeVisible();
  await expect(publicPage.getByText('All rounds are done.').first()).toBeVisible();
  await wire.close();
});
