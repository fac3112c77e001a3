/** Runs the workload in a page of Chromium, served from loopback. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { build } from 'vite';
import type { WasmFiles } from '#shared/training/backend.ts';
import { nodeWasmFiles } from '../../../coordinator/evaluation/wasm-files.ts';
import { BROWSER_ARGS, requireBrowser } from '../../../e2e/harness/browser.ts';
import type { Runner, Side, Workload } from './protocol.ts';
import type { startWorkload } from './workload.ts';

const WASM_PATHS: WasmFiles = {
  'tfjs-backend-wasm.wasm': '/tfjs-backend-wasm.wasm',
  'tfjs-backend-wasm-simd.wasm': '/tfjs-backend-wasm-simd.wasm',
  'tfjs-backend-wasm-threaded-simd.wasm': '/tfjs-backend-wasm-threaded-simd.wasm',
};

/** Chromium has no WebGPU here otherwise. */
const SOFTWARE_WEBGPU = '--enable-unsafe-webgpu';

interface PageGlobals {
  startWorkload: typeof startWorkload;
  workload: Workload;
}

export async function openPage(side: Side): Promise<Runner> {
  const server = await serve(await bundle());
  const browser = await chromium.launch({
    executablePath: requireBrowser(),
    args: [...BROWSER_ARGS, SOFTWARE_WEBGPU],
  });
  const close = async () => {
    await browser.close();
    server.close();
  };
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.evaluate(
      async ({ paths, started }) => {
        const globals = globalThis as unknown as PageGlobals;
        globals.workload = await globals.startWorkload(paths, started);
      },
      { paths: WASM_PATHS, started: side },
    );
    return {
      run: (name, repeats) =>
        page.evaluate(({ which, count }) => (globalThis as unknown as PageGlobals).workload(which, count), {
          which: name,
          count: repeats,
        }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The page's script, as one module. */
async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      rolldownOptions: { output: { codeSplitting: false } },
      lib: { entry: fileURLToPath(new URL('./page.ts', import.meta.url)), formats: ['es'], fileName: 'page' },
    },
  });
  const [output] = [built].flat();
  const chunk = output && 'output' in output ? output.output[0] : undefined;
  if (!chunk) throw new Error('Vite built no script.');
  return chunk.code;
}

/** The page at /, its script, and the wasm files by name. */
async function serve(script: string): Promise<Server> {
  const files: Readonly<Record<string, string>> = { ...nodeWasmFiles() };
  const server = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1);
    // Isolated pages have a clock of 5 µs instead of 100.
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
    const path = files[name];
    if (path !== undefined) {
      response.setHeader('content-type', 'application/wasm');
      response.end(readFileSync(path));
    } else if (name === 'page.js') {
      response.setHeader('content-type', 'text/javascript');
      response.end(script);
    } else if (name === '') {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>Bench</title><script type="module" src="/page.js"></script>');
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
