/**
 * Chromium without a driver's favours: Playwright keeps each of its pages visible and focused, so that none of them is
 * ever hidden. Here one window has all tabs, and the newest of them covers the others, as it does for a person. Spoken
 * to over the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/) on the loopback.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { BROWSER_ARGS, requireBrowser } from './browser.ts';

const START_TIMEOUT_MS = 30_000;
const ENDPOINT = /DevTools listening on (ws:\/\/\S+)/;

/** An answer, or an event, which has no id. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

export class PlainTab {
  readonly #browser: PlainBrowser;
  readonly #session: string;

  constructor(browser: PlainBrowser, session: string) {
    this.#browser = browser;
    this.#session = session;
  }

  /** The value of a JavaScript expression in the page, a promise's when it resolves; rejects where it throws. */
  async evaluate(expression: string): Promise<unknown> {
    const terms = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.#browser.send('Runtime.evaluate', terms, this.#session);
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { readonly value?: unknown }).value;
  }

  /** Resolves when the page's text holds `text`. */
  async reads(text: string): Promise<void> {
    await this.#until(`document.body.innerText.includes(${JSON.stringify(text)})`);
  }

  /** Clicks the button that says `name`, as soon as it can be. */
  async click(name: string): Promise<void> {
    const button = `[...document.querySelectorAll('button:enabled')].find((each) => each.innerText.trim() === ${JSON.stringify(name)})`;
    await this.#until(`${button} !== undefined`);
    await this.evaluate(`${button}.click()`);
  }

  /** Resolves when the expression is true, looked at whenever the page changes. */
  async #until(expression: string): Promise<void> {
    await this.evaluate(`new Promise((resolve) => {
      const look = () => { if (${expression}) resolve(); };
      new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
      look();
    })`);
  }
}

export class PlainBrowser {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Message) => void>();
  readonly #awaited = new Map<string, () => void>();
  #nextId = 1;

  private constructor(child: ChildProcess, folder: string, socket: WebSocket) {
    this.#child = child;
    this.#folder = folder;
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as Message;
      if (message.id === undefined) return this.#awaited.get(`${message.method} ${message.sessionId}`)?.();
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    });
  }

  /** With one empty tab. */
  static async start(): Promise<PlainBrowser> {
    const folder = mkdtempSync(join(tmpdir(), 'chorale-browser-'));
    const child = spawn(
      requireBrowser(),
      [
        '--headless=new',
        '--remote-debugging-port=0',
        `--user-data-dir=${folder}`,
        ...BROWSER_ARGS,
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const socket = new WebSocket(await endpointOf(child));
    await once(socket, 'open');
    return new PlainBrowser(child, folder, socket);
  }

  /** A tab in front of all others, when its page is loaded. */
  async open(url: string): Promise<PlainTab> {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const session = String(sessionId);
    await this.send('Page.enable', {}, session);
    const loaded = new Promise<void>((resolve) =>
      this.#awaited.set(`Page.loadEventFired ${session}`, resolve),
    );
    await this.send('Page.navigate', { url }, session);
    await loaded;
    return new PlainTab(this, session);
  }

  /** The answer's result; rejects with the browser's words. */
  async send(method: string, params: object, session?: string): Promise<Record<string, unknown>> {
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<Message>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params, sessionId: session }));
    const { result, error } = await promise;
    if (result === undefined) throw new Error(`${method}: ${error?.message ?? 'no answer'}`);
    return result;
  }

  async stop(): Promise<void> {
    this.#socket.close();
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Where it listens, which it prints at the start. */
async function endpointOf(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let printed = '';
  const give = (why: string) => reject(new Error(`Chromium ${why}:\n${printed}`));
  const timer = setTimeout(() => give('did not start'), START_TIMEOUT_MS);
  child.stderr?.on('data', (chunk: Buffer) => {
    printed += chunk.toString('utf8');
    const [, endpoint] = ENDPOINT.exec(printed) ?? [];
    if (endpoint !== undefined) resolve(endpoint);
  });
  child.once('exit', (code) => give(`ended with code ${code}`));
  return promise.finally(() => clearTimeout(timer));
}
