/** Cross-origin isolation of the real pages, and what it must not take away. */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { AdminApi } from './harness/admin-api.ts';
import { expect, test } from './harness/story.ts';
import { takePart } from './harness/tabs.ts';

const isIsolated = () => crossOriginIsolated && new SharedArrayBuffer(8).byteLength === 8;

/** What the second of two connections hears of the first, over a channel between them. */
const heardDirectly = (page: Page): Promise<string> =>
  page.evaluate(
    () =>
      new Promise<string>((resolve, reject) => {
        const [here, there] = [new RTCPeerConnection(), new RTCPeerConnection()];
        here.onicecandidate = ({ candidate }) => void there.addIceCandidate(candidate ?? undefined);
        there.onicecandidate = ({ candidate }) => void here.addIceCandidate(candidate ?? undefined);
        there.ondatachannel = ({ channel }) => {
          channel.onmessage = ({ data }) => resolve(String(data));
        };
        const channel = here.createDataChannel('test');
        channel.onopen = () => channel.send('hello');
        const connect = async () => {
          await here.setLocalDescription();
          await there.setRemoteDescription(here.localDescription ?? { type: 'offer' });
          await there.setLocalDescription();
          await here.setRemoteDescription(there.localDescription ?? { type: 'answer' });
        };
        connect().catch(reject);
      }),
  );

test('pages and the worker are cross-origin isolated; direct connections and downloads work none the less', async ({
  page,
  context,
  startCoordinator,
}) => {
  const { origin, token } = await startCoordinator();
  await page.goto(origin);
  expect(await page.evaluate(isIsolated)).toBe(true);
  expect(await heardDirectly(page)).toBe('hello');

  await page.evaluate(() => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob(['numbers']));
    link.download = 'numbers.txt';
    link.textContent = 'Download';
    document.body.append(link);
  });
  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download' }).click();
  expect(readFileSync(await (await downloading).path(), 'utf8')).toBe('numbers');

  const admin = await AdminApi.signIn(origin, token);
  const { joinPath } = await admin.createRun({ taskId: 'mnist', clients: 3, rounds: 1 });
  const participant = await takePart(context, origin + joinPath);
  await expect.poll(() => participant.workers().length).toBe(1);
  expect(await participant.workers()[0]?.evaluate(isIsolated)).toBe(true);
});
