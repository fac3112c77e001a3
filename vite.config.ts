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
          proxy: {
            '/api': { target: coordinator },
            '/peer': { target: coordinator, ws: true },
            '/ws': { target: coordinator, ws: true },
          },
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
            '@noble/ciphers/aes.js',
            '@noble/ciphers/chacha.js',
            '@noble/curves/ed25519.js',
            '@noble/hashes/hkdf.js',
            '@noble/hashes/sha2.js',
            '@noble/hashes/utils.js',
            '@stdlib/math-base-special-betainc',
            '@stdlib/math-base-special-betaincinv',
            '@stdlib/math-base-special-erf',
            '@stdlib/math-base-special-erfc',
            '@stdlib/math-base-special-erfcinv',
            '@stdlib/math-base-special-erfcx',
            '@stdlib/math-base-special-gammaln',
            '@tensorflow/tfjs-backend-cpu',
            '@tensorflow/tfjs-backend-wasm',
            '@tensorflow/tfjs-backend-webgpu',
            '@tensorflow/tfjs-core',
            '@tensorflow/tfjs-layers',
            'cborg',
            'chart.js',
            'fast-check',
            'fft.js',
            'idb',
            'papaparse',
            'peerjs',
            'valibot',
          ],
        },
        test: {
          name: 'browser',
          include: ['{shared,web}/**/*.browser.test.ts'],
          globalSetup: ['coordinator/testing/signalling-setup.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                // WebGPU in software, to compare its numbers.
                args: [...BROWSER_ARGS, '--enable-unsafe-webgpu'],
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
