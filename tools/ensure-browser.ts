/**
 * The first step of `npm test`: a Chromium for the tests. Where none is found, Playwright's is downloaded, or the
 * system's package is installed where this is root on Debian or its like; else one line says what to install.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findBrowser, requireBrowser } from '../e2e/harness/browser.ts';
import { ROOT } from '../e2e/harness/root.ts';

const INSTALL_TIMEOUT_MS = 300_000;

const attempts: readonly { readonly command: string; readonly args: readonly string[] }[] = [
  { command: process.execPath, args: [join(ROOT, 'node_modules/playwright/cli.js'), 'install', 'chromium'] },
  ...(process.getuid?.() === 0
    ? [
        {
          command: 'sh',
          args: ['-c', 'apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium'],
        },
      ]
    : []),
];

for (const { command, args } of process.env['CHORALE_BROWSER'] === undefined ? attempts : []) {
  if (findBrowser() !== null) break;
  process.stderr.write(`No Chromium or Chrome was found: ${[command, ...args].join(' ')}\n`);
  spawnSync(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: INSTALL_TIMEOUT_MS,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}
try {
  requireBrowser();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
