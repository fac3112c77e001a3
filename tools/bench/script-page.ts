/** A page of Chromium with one bundled script, served from loopback. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Page } from 'playwright';
import { build } from 'vite';
import { BROWSER_ARGS, requireBrowser } from '../../e2e/harness/browser.ts';

export interface ScriptPage {
  readonly page: Page;
  close(): Promise<void>;
}

interface PageNeeds {
  /** Wasm files by the name that the page asks for: their paths. */
  readonly wasmFiles?: Readonly<Record<string, string>>;
  readonly browserArgs?: readonly string[];
}

/** Bundles the module at `entry`, opens a page and waits until the script has run. */
export async function openScriptPage(
  entry: string,
  { wasmFiles = {}, browserArgs = [] }: PageNeeds = {},
): Promise<ScriptPage> {
  const server = await serve(await bundleScript(entry), wasmFiles);
  const browser = await chromium.launch({
    executablePath: requireBrowser(),
    args: [...BROWSER_ARGS, ...browserArgs],
  });
  const close = async () => {
    await browser.close();
    server.close();
  };
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return { page, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** One module, also of what the script loads on first need. */
export async function bundleScript(entry: string): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'esnext',
      rolldownOptions: { output: { codeSplitting: false } },
      lib: { entry, formats: ['es'], fileName: 'page' },
    },
  });
  const [output] = [built].flat();
  const chunk = output && 'output' in output ? output.output[0] : undefined;
  if (!chunk) throw new Error('Vite built no script.');
  return chunk.code;
}

/** The page at /, its script, and the wasm files by name. */
async function serve(script: string, wasmFiles: Readonly<Record<string, string>>): Promise<Server> {
  const answers: Record<string, readonly [type: string, body: string | Buffer]> = {
    '/': ['text/html', '<!doctype html><title>Bench</title><script type="module" src="/page.js"></script>'],
    '/page.js': ['text/javascript', script],
  };
  for (const [name, path] of Object.entries(wasmFiles))
    answers[`/${name}`] = ['application/wasm', readFileSync(path)];
  const server = createServer((request, response) => {
    // Isolated pages have a clock of 5 µs instead of 100.
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
    const answer = answers[request.url ?? '/'];
    if (answer === undefined) response.statusCode = 404;
    else response.setHeader('content-type', answer[0]);
    response.end(answer?.[1]);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
