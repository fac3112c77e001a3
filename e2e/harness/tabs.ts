/** Participants' tabs, taking part through the real page. */
import type { BrowserContext, Page } from '@playwright/test';
import type { Sid } from '#shared/base/ids.ts';

declare global {
  interface Window {
    /** The test build's hook: sid to quantized update, before it is masked. */
    __choraleTrainedUpdates?: Record<string, Uint32Array>;
  }
}

/** Name of that hook, which the product must not contain. */
export const HOOK = '__choraleTrainedUpdates';

/** A tab of `context`, from the invitation to the click that takes part. */
export async function takePart(context: BrowserContext, invitation: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(invitation);
  await page.getByRole('button', { name: 'Take part' }).click();
  return page;
}

/** `count` tabs of one browser profile, each a participant. */
export const takePartWith = (context: BrowserContext, invitation: string, count: number): Promise<Page[]> =>
  Promise.all(Array.from({ length: count }, () => takePart(context, invitation)));

/** What this tab has trained for `sid`, ring words [d + 1]; null where it trained nothing for it. Test build only. */
export const trainedUpdate = (page: Page, sid: Sid): Promise<Uint32Array | null> =>
  page.evaluate((asked) => window.__choraleTrainedUpdates?.[asked] ?? null, sid as string);
