import { sveltekit } from '@sveltejs/kit/vite';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { BROWSER_ARGS, findBrowser } from './e2e/harness/browser.ts';

// The test build alone hands quantized updates to the end-to-end tests; svelte.config.js puts it in a folder of its own.
const testBuild = process.env['CHORALE_TEST_BUILD'] === '1';
const coordinator = `http://127.0.0.1:${process.env['CHORALE_PORT'] ?? 8787}`;
const executablePath = findBrowser();

export default defineConfig({
  plugins: [sveltekit()],
  define: { __CHORALE_TEST_BUILD__: JSON.stringify(testBuild) },
  worker: { format: 'es' },
  // Tests never reach a coordinator that happens to run on this machine.
  server:
    process.env['VITEST'] !== undefined
      ? {}
      : {
          // The host stays the page's, with which the coordinator compares the origin.
          proxy: { '/api': { target: coordinator }, '/ws': { target: coordinator, ws: true } },
        },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // Arithmetic on a busy machine, not a deadline anybody relies on.
          testTimeout: 120_000,
          environment: 'node',
          include: ['{shared,coordinator,web,tools,e2e}/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts'],
        },
      },
      {
        extends: true,
        // Named here, so that no test is interrupted by a reload when a library is met for the first time.
        optimizeDeps: {
          include: [
            '@noble/ciphers/chacha.js',
            '@noble/curves/ed25519.js',
            '@noble/hashes/hkdf.js',
            '@noble/hashes/sha2.js',
            '@noble/hashes/utils.js',
            '@tensorflow/tfjs-backend-cpu',
            '@tensorflow/tfjs-backend-wasm',
            '@tensorflow/tfjs-core',
            '@tensorflow/tfjs-layers',
            'cborg',
            'chart.js',
            'fast-check',
            'idb',
            'valibot',
          ],
        },
        test: {
          name: 'browser',
          include: ['{shared,web}/**/*.browser.test.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                args: [...BROWSER_ARGS],
                ...(executablePath === null ? {} : { executablePath }),
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
