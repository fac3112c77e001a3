/**
 * Finds a Chromium for the tests and the demo: the one CHORALE_BROWSER names, the system's Chromium or
 * Chrome, or the one `npx playwright install chromium` has put in place.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const STANDARD_PLACES = [
  ...NAMES.map((name) => `/usr/bin/${name}`),
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:/Program Files/Google/Chrome/Application/chrome.exe',
];

/** No sandbox (containers lack its kernel features), and no traffic of the browser's own. */
export const BROWSER_ARGS: readonly string[] = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Path of the executable; null where no browser is found. */
export function findBrowser(environment: Record<string, string | undefined> = process.env): string | null {
  const named = environment['CHORALE_BROWSER'];
  if (named !== undefined) return isExecutable(named) ? named : null;
  const onPath = (environment['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...STANDARD_PLACES, ...onPath, chromium.executablePath()].find(isExecutable) ?? null;
}

/** Throws with what to install where no browser is found. */
export function requireBrowser(): string {
  const browser = findBrowser();
  const named = process.env['CHORALE_BROWSER'];
  if (browser === null && named !== undefined)
    throw new Error(`CHORALE_BROWSER names ${named}, which is no program that can be run.`);
  if (browser === null)
    throw new Error(
      'No Chromium or Chrome was found: install one from your system, run "npx playwright install chromium", or name one in CHORALE_BROWSER.',
    );
  return browser;
}
