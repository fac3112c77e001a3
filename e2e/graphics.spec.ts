/** A tab that trains on the graphics device, and loses it in the middle of a round. */
import type { Page } from '@playwright/test';
import { AdminApi } from './harness/admin-api.ts';
import { BROWSER_ARGS, requireBrowser } from './harness/browser.ts';
import { expect, test } from './harness/story.ts';
import { takePart, takePartWith } from './harness/tabs.ts';

// There are no graphics here: WebGPU in software, which a person must ask for.
test.use({
  launchOptions: { executablePath: requireBrowser(), args: [...BROWSER_ARGS, '--enable-unsafe-webgpu'] },
});

const RUN_TIMEOUT_MS = 90_000;
/** A local update of 45 batches submits hundreds. */
const SUBMISSIONS = 60;

/** What tfjs keeps at the worker's global: its engine. */
interface TensorGlobals {
  _tfengine: { backendName: string; backendInstance: { device: GPUDevice } };
  submissions: number;
}

/** The device is lost at the `SUBMISSIONS`th piece of work that training gives it. */
async function loseDeviceWhileItTrains(page: Page): Promise<void> {
  await page.workers()[0]?.evaluate((last) => {
    const globals = globalThis as unknown as TensorGlobals;
    const { device } = globals._tfengine.backendInstance;
    const submit = device.queue.submit.bind(device.queue);
    globals.submissions = 0;
    device.queue.submit = (buffers) => {
      submit(buffers);
      if (++globals.submissions === last) device.destroy();
    };
  }, SUBMISSIONS);
}

/** Keeps, for `reasonsOf`, what the page says of its backend from here on: it says so during the round alone. */
async function watchReasons(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen = new Set<string>();
    const look = () => {
      for (const { textContent } of document.querySelectorAll('section p'))
        if (textContent.startsWith('webgpu')) seen.add(textContent);
    };
    new MutationObserver(look).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
    Object.assign(globalThis, { reasonsSeen: seen });
  });
}

const reasonsOf = (page: Page): Promise<string[]> =>
  page.evaluate(() => [...(globalThis as unknown as { reasonsSeen: Set<string> }).reasonsSeen]);

const submissions = (page: Page): Promise<number> | undefined =>
  page.workers()[0]?.evaluate(() => (globalThis as unknown as TensorGlobals).submissions);

test('a graphics device that is lost in mid-update costs the round nothing: the tab goes on without it', async ({
  browser,
  context,
  watch,
  startCoordinator,
}) => {
  const { origin, token } = await startCoordinator();
  const admin = await AdminApi.signIn(origin, token);
  const { run, joinPath } = await admin.createRun({ taskId: 'penguins', clients: 3, rounds: 1 });

  const page = await takePart(context, origin + joinPath);
  await test.step('the person asks for WebGPU, and has it after a reload', async () => {
    await expect(page.getByText(/^wasm \(SIMD\) took .* webgpu is out\./)).toBeVisible();
    await page.getByLabel('Train with').selectOption('webgpu');
    await page.reload();
    await page.getByRole('button', { name: 'Take part' }).click();
    await expect(page.getByText('It was asked for.')).toBeVisible();
    await loseDeviceWhileItTrains(page);
    await watchReasons(page);
  });

  await test.step('the round is done by all three', async () => {
    await takePartWith(watch.context(await browser.newContext()), origin + joinPath, 2);
    await expect(page.getByText('Waiting: 3 of 3 here.')).toBeVisible();
    await admin.start(run.id);
    const { rounds } = await admin.until(run.id, RUN_TIMEOUT_MS, (view) => view.live.state === 'done');
    expect(rounds).toMatchObject([
      { round: 1, attempt: 1, outcome: 'done', invited: 3, participants: 3, dropped: 0 },
    ]);
    expect(await submissions(page)).toBeGreaterThanOrEqual(SUBMISSIONS);
  });

  const [reason] = await reasonsOf(page);
  expect(reason).toMatch(/^webgpu \(software\) broke while it trained\. The graphics device was lost\./);
});
