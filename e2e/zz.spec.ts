import { AdminApi } from './harness/admin-api.ts';
import { Wire } from './harness/wire.ts';
import { decodeToCoordinator } from '#shared/protocol/codec.ts';
import { expect, test } from './harness/story.ts';
test('x', async ({ startCoordinator, page }) => {
  const c = await startCoordinator({ build: 'test' });
  const api = await AdminApi.signIn(c.origin, c.token);
  const run = await api.createRun({ taskId: 'mnist', clients: 3, rounds: 1 });
  const wire = await Wire.to(c.port);
  console.log(run.joinPath, wire.origin);
  await page.goto(wire.origin + '/');
  await expect(page.getByRole('heading').first()).toBeVisible();
  await c.kill();
  await c.restart();
  console.log(c.output, typeof decodeToCoordinator);
  await wire.close();
});
