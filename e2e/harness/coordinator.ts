/** The real coordinator as a child process: on a free port, with a data folder of its own, killed and started again at will. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFolder, type Build } from './builds.ts';
import { ROOT } from './root.ts';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
/** What it prints last before it is up. */
const READY = /^ {2}public page {2}/m;

export interface CoordinatorOptions {
  readonly build: Build;
  /** Further flags of `npm start`. */
  readonly args?: readonly string[];
}

export class CoordinatorProcess {
  readonly #options: CoordinatorOptions;
  readonly #dataFolder = mkdtempSync(join(tmpdir(), 'chorale-e2e-'));
  #child: ChildProcess | null = null;
  #output = '';
  #port = 0;
  #token = '';

  private constructor(options: CoordinatorOptions) {
    this.#options = options;
  }

  static async start(options: CoordinatorOptions): Promise<CoordinatorProcess> {
    const coordinator = new CoordinatorProcess(options);
    await coordinator.#spawn();
    return coordinator;
  }

  get port(): number {
    return this.#port;
  }

  get origin(): string {
    return `http://localhost:${this.#port}`;
  }

  /** The admin token, printed at the first start. */
  get token(): string {
    return this.#token;
  }

  /** All that it has printed since the first start. */
  get output(): string {
    return this.#output;
  }

  async #spawn(): Promise<void> {
    const { build, args = [] } = this.#options;
    const child = spawn(
      process.execPath,
      [
        join(ROOT, 'coordinator/main.ts'),
        '--port',
        String(this.#port),
        '--data',
        this.#dataFolder,
        '--pages',
        buildFolder(build),
        ...args,
      ],
      { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#child = child;
    const from = this.#output.length;
    await new Promise<void>((resolve, reject) => {
      const give = (why: string) => reject(new Error(`The coordinator ${why}:\n${this.#output.slice(from)}`));
      const timer = setTimeout(() => give('did not come up'), START_TIMEOUT_MS);
      const read = (chunk: Buffer) => {
        this.#output += chunk.toString('utf8');
        if (!READY.test(this.#output.slice(from))) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', (code) => {
        clearTimeout(timer);
        give(`ended with code ${code}`);
      });
    });
    const printed = this.#output.slice(from);
    this.#port = Number(/localhost:(\d+)/.exec(printed)?.[1]);
    this.#token = /\/admin#(\S+)/.exec(printed)?.[1] ?? this.#token;
  }

  /** kill −9, as a crash or a power cut would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** On the same port and data, after `kill`. */
  async restart(): Promise<void> {
    await this.#spawn();
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    rmSync(this.#dataFolder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      child.kill(signal);
    });
  }
}
