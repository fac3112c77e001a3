/**
 * kill −9 of a real browser at every step around a masked byte: its ledger, opened again from the same profile, has
 * counted whatever may have left. The page runs the tab's own ledger; each step is a request, at which the test kills.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BROWSER_ARGS, requireBrowser } from './harness/browser.ts';
import { ROOT } from './harness/root.ts';

const STEPS = ['before', 'entering', 'entered', 'masked'] as const;
type Step = (typeof STEPS)[number];
type Order = 'enter, then mask' | 'mask, then enter';

/** Digits of the sids: the browser dies in the second, when the first is counted already. */
const [FIRST, SECOND] = ['1', '2'];

/** `masked` is the first masked byte; at `entering` the page goes on before it can know that the entry is made. */
const pageOf = (order: Order): string => `<!doctype html><title>Ledger</title><script type="module">
  import { PrivacyLedger } from '/ledger.js';
  const ledger = new PrivacyLedger();
  const tell = (path, body) => fetch(path, { method: 'POST', body });
  const mechanism = { mode: 'distributed', noiseSteps: 4000, l1: 50000, l2: 1000, dimension: 8192, countedShares: 29 };
  const free = { epsilon: Infinity, delta: 1e-5 };
  const limits = { run: { participations: 20, ...free }, origin: free };
  const enter = async (digit) => {
    await tell('/before/' + digit);
    const entry = { run: 'run-aaaaaaaaaaaa', client: 'c'.repeat(64), sid: digit.repeat(64), mechanism };
    const entering = ledger.enter(entry, limits);
    void tell('/entering/' + digit);
    if (!(await entering).ok) throw new Error('refused');
    await tell('/entered/' + digit);
  };
  const mask = (digit) => tell('/masked/' + digit);
  const known = await ledger.entries();
  if (!known.ok) throw new Error('unreadable');
  await tell('/counted', known.value.map(({ sid }) => sid[0]).join(''));
  if (known.value.length === 0)
    for (const digit of ['${FIRST}', '${SECOND}'])
      for (const part of ${order === 'enter, then mask' ? '[enter, mask]' : '[mask, enter]'}) await part(digit);
</script>`;

let script: string;
let server: Server;
let folder: string;
let order: Order;
/** What happens at a request of the page: its path, without the slash, and its body. */
let onStep: (step: string, body: string) => void = () => {};
const running = new Set<ChildProcess>();

async function bundledLedger(): Promise<string> {
  const output = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      lib: { entry: 'web/lib/participant/privacy-ledger.ts', formats: ['es'] },
    },
  });
  const [bundle] = Array.isArray(output) ? output : [output];
  const chunk = bundle !== undefined && 'output' in bundle ? bundle.output[0] : null;
  if (chunk === null) throw new Error('the ledger was not bundled');
  return chunk.code;
}

/** A step whose answer is kept back. */
let held: string | null = null;

function answer(path: string, body: string, response: ServerResponse): void {
  if (path === '/') return void response.setHeader('content-type', 'text/html').end(pageOf(order));
  if (path === '/ledger.js') return void response.setHeader('content-type', 'text/javascript').end(script);
  const told = path.slice(1);
  // The page waits for the answer at the step at which it dies.
  if (told !== held) response.end();
  if (path !== '/favicon.ico') onStep(told, body);
}

const address = (): string => {
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('the server is not up');
  return `http://127.0.0.1:${at.port}/`;
};

/** On the test's profile; a process group of its own, so that all of the browser dies at once. */
function openBrowser(): ChildProcess {
  const profile = ['--headless', `--user-data-dir=${join(folder, 'profile')}`, address()];
  const browser = spawn(requireBrowser(), [...BROWSER_ARGS, ...profile], { stdio: 'ignore', detached: true });
  running.add(browser);
  return browser;
}

async function kill(browser: ChildProcess): Promise<void> {
  if (!running.delete(browser) || browser.pid === undefined) return;
  const ended = browser.exitCode === null && browser.signalCode === null ? once(browser, 'exit') : null;
  process.kill(-browser.pid, 'SIGKILL');
  await ended;
}

/** The page's body at the step; other steps pass into `seen`. */
const bodyAt = (step: string, seen: string[] = []): Promise<string> =>
  new Promise((resolve) => {
    onStep = (path, body) => {
      seen.push(path);
      if (path === step) resolve(body);
    };
  });

/** Lets a browser die at a step; what had left it by then, and what its ledger has counted afterwards. */
async function death(step: Step): Promise<{ readonly masked: string[]; readonly counted: string[] }> {
  const seen: string[] = [];
  held = `${step}/${SECOND}`;
  const reached = bodyAt(held, seen);
  const browser = openBrowser();
  await reached;
  await kill(browser);
  held = null;
  const masked = seen.flatMap((path) => (path.startsWith('masked/') ? [path.slice('masked/'.length)] : []));
  const again = bodyAt('counted');
  const next = openBrowser();
  const counted = Array.from(await again);
  await kill(next);
  return { masked, counted };
}

beforeAll(async () => {
  script = await bundledLedger();
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => answer(request.url ?? '/', body, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => void server.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorale-privacy-'));
});
afterEach(async () => {
  for (const browser of running) await kill(browser);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe('kill −9 of a browser around a masked byte', { timeout: 120_000 }, () => {
  it.each(STEPS)('at the step ‘%s’ leaves nothing uncounted that was masked', async (step) => {
    order = 'enter, then mask';
    const { masked, counted } = await death(step);
    expect(masked).toEqual(step === 'masked' ? [FIRST, SECOND] : [FIRST]);
    expect(counted).toEqual(expect.arrayContaining(masked));
    // An entry that was made is there, though nothing had left: counted once too often.
    if (step === 'entered') expect(counted).toEqual([FIRST, SECOND]);
    if (step === 'before') expect(counted).toEqual([FIRST]);
  });

  it('would show a page that masks first', async () => {
    order = 'mask, then enter';
    const { masked, counted } = await death('masked');
    expect(masked).toEqual([FIRST, SECOND]);
    expect(counted).toEqual([FIRST]);
  });
});
