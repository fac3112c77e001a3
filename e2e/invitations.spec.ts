/** Who is let in: keys that an admin keeps, personal links, links of somebody else, one tab a profile. */
import type { Page } from '@playwright/test';
import { systemRandom } from '#shared/base/random.ts';
import { nobleSigner } from '#shared/crypto/identity.ts';
import { createInvitation, encodeInvitation } from '#shared/protocol/invitation.ts';
import { AdminApi } from './harness/admin-api.ts';
import { expect, test } from './harness/story.ts';
import { takePart, takePartWith } from './harness/tabs.ts';

const RUN_TIMEOUT_MS = 60_000;

const takesPart = (page: Page) => page.getByRole('button', { name: 'Take part' });

test('an admin keeps the key that invites: the join page says so, a personal link admits one, and the run is done', async ({
  page,
  context,
  browser,
  startCoordinator,
  watch,
}) => {
  const { origin, token } = await startCoordinator();
  await page.goto(`${origin}/admin#${token}`);
  await page.getByRole('spinbutton', { name: 'Participants' }).fill('3');
  await page.getByRole('spinbutton', { name: 'Rounds' }).fill('1');
  await page.getByRole('checkbox', { name: /Keep the key that invites in this browser/ }).check();
  await page.getByRole('button', { name: 'Create the run' }).click();
  await expect(page.getByText('The key that invites is kept in this browser alone.')).toBeVisible();
  await page.getByRole('button', { name: 'Make a personal invitation' }).click();
  const open = await page.getByLabel('Invitation, for participants').inputValue();
  const personal = await page.getByLabel('Personal invitation 1, for one participant').inputValue();

  await test.step('the link is the same after a reload', async () => {
    await page.reload();
    await expect(page.getByLabel('Invitation, for participants')).toHaveValue(open);
  });

  await test.step('another browser of the admin makes no links', async () => {
    const elsewhere = await watch.context(await browser.newContext()).newPage();
    await elsewhere.goto(`${origin}/admin#${token}`);
    await expect(
      elsewhere.getByText('The key that invites to this run is kept by another browser'),
    ).toBeVisible();
  });

  const guest = await context.newPage();
  await guest.goto(personal);
  await expect(guest.getByText('does not hold this key, and cannot invite tabs of its own')).toBeVisible();
  await expect(guest.getByText('The link is personal: it admits one tab.')).toBeVisible();
  await takesPart(guest).click();
  await expect(guest.getByText('Waiting: 1 of 3 here.')).toBeVisible();

  const second = await takePart(watch.context(await browser.newContext()), personal);
  await expect(second.getByRole('alert')).toContainText('This invitation does not open this run.');

  await takePartWith(context, open, 2);
  await page.bringToFront();
  await expect(page.getByText('Ready to start: 3 participants are here.')).toBeVisible();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await expect(page.getByText('All rounds are done.').first()).toBeVisible({ timeout: RUN_TIMEOUT_MS });
  await expect(guest.getByText('All rounds are done.')).toBeVisible();
});

test('a link from another key than before is a loud warning, and opens nothing', async ({
  page,
  startCoordinator,
}) => {
  const { origin, token } = await startCoordinator();
  const admin = await AdminApi.signIn(origin, token);
  const { run, joinPath } = await admin.createRun({ taskId: 'mnist', clients: 3, rounds: 1 });
  await page.goto(origin + joinPath);
  await expect(page.getByText('holds this key itself')).toBeVisible();
  await expect(page.getByText('The link is open: whoever has it can take part, many times.')).toBeVisible();
  await expect(takesPart(page)).toBeEnabled();

  const stranger = nobleSigner(systemRandom(32));
  const terms = { kind: 'open', expirySeconds: 0xffffffff, inviteSecret: systemRandom(32) } as const;
  const forged = encodeInvitation(await createInvitation(stranger, run.id, terms));
  await page.goto('about:blank');
  await page.goto(`${origin}/join/${run.id}#${forged}`);
  await expect(page.getByText('This link comes from another key than before.')).toBeVisible();
  await expect(takesPart(page)).toBeDisabled();
  // Whoever says that it is right is refused by the coordinator still: the run is another admin's.
  await page.getByRole('button', { name: /^I have compared it/ }).click();
  await takesPart(page).click();
  await expect(page.getByRole('alert')).toContainText('This invitation does not open this run.');
});

test('one tab a browser, where the run says so: the second is told, and the first keeps its identity over a reload', async ({
  page,
  context,
  startCoordinator,
}) => {
  const { origin, token } = await startCoordinator();
  const admin = await AdminApi.signIn(origin, token);
  const { joinPath } = await admin.createRun({
    taskId: 'mnist',
    clients: 3,
    rounds: 1,
    onePerProfile: true,
  });
  const first = await takePart(context, origin + joinPath);
  await expect(first.getByText('Waiting: 1 of 3 here.')).toBeVisible();
  const second = await takePart(context, origin + joinPath);
  await expect(second.getByRole('alert')).toContainText('This run takes one tab of a browser only');
  await second.close();

  await page.goto(`${origin}/admin#${token}`);
  const identity = page.getByRole('region', { name: 'Tabs that are here' }).locator('td.mono');
  const before = await identity.textContent();
  await first.bringToFront();
  await first.reload();
  await takesPart(first).click();
  await expect(first.getByText('Waiting: 1 of 3 here.')).toBeVisible();
  await page.bringToFront();
  await expect(identity).toHaveText(before ?? '');
});
