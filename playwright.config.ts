import { defineConfig } from '@playwright/test';
import { BROWSER_ARGS, requireBrowser } from './e2e/harness/browser.ts';

export default defineConfig({
  testDir: 'e2e',
  testMatch: '*.spec.ts',
  globalSetup: './e2e/harness/global-setup.ts',
  // Each story runs many tabs that train: one at a time.
  workers: 1,
  retries: 0,
  forbidOnly: process.env['CI'] !== undefined,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    headless: true,
    launchOptions: { executablePath: requireBrowser(), args: [...BROWSER_ARGS] },
  },
});
