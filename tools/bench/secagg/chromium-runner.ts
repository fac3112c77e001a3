/** A worker of a page in Chromium; times are wall times there. */
import { fileURLToPath } from 'node:url';
import { bundleScript, openScriptPage } from '../script-page.ts';
import type { ClientCost } from './client-bench.ts';
import type { Conditions } from './conditions.ts';
import type { Runner } from './runner.ts';

const PAGE = fileURLToPath(new URL('./page.ts', import.meta.url));
/** A tab's cryptography; it runs in a browser alone, so it is a script of its own here. */
const SUITE = fileURLToPath(new URL('../../../web/lib/participant/tab-suite.ts', import.meta.url));

export interface PageGlobals {
  /** `suite` is the script of the tab's cryptography. */
  startClient(suite: string): void;
  measureClient(conditions: Conditions): Promise<ClientCost>;
}

export async function openChromium(): Promise<Runner> {
  const suite = await bundleScript(SUITE);
  const { page, close } = await openScriptPage(PAGE);
  await page.evaluate((code) => (globalThis as unknown as PageGlobals).startClient(code), suite);
  return {
    client: (conditions) =>
      page.evaluate((given) => (globalThis as unknown as PageGlobals).measureClient(given), conditions),
    close,
  };
}
