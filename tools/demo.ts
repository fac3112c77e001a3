/**
 * `npm run demo`: builds, starts a coordinator, opens tabs that take part through the real page, trains on real
 * data, prints a table, and leaves the page up. Without a browser, Node participants take the tabs' place.
 */
import { chromium, type Page } from 'playwright';
import { DEFAULT_CONFIG, DEFAULT_PORT } from '../coordinator/config.ts';
import { createCoordinator, type Coordinator } from '../coordinator/coordinator.ts';
import type { Run } from '../coordinator/run.ts';
import { startParticipants } from '../coordinator/simulate/participants.ts';
import { BROWSER_ARGS, findBrowser } from '../e2e/harness/browser.ts';
import { ensureBuilt } from '../e2e/harness/builds.ts';
import { followRun, gathered } from './follow-run.ts';
import { readOptions, SHARED_USAGE } from './options.ts';
import { createReporter, type Reporter } from './report.ts';

const USAGE = `Usage: npm run demo -- [options]

Trains a task in the tabs of a browser on this machine, and prints a table.

${SHARED_USAGE}  --headed      show the browser
  --exit        end after the table; else the page stays up until Ctrl-C
`;

/** Every participant is there by then, or it begins with those who are. */
const GATHERING_MS = 60_000;

interface Crowd {
  /** Rejects where the participants are lost. */
  readonly lost: Promise<never>;
  close(): Promise<void>;
}

/** The usual port, or a free one where that is taken. */
async function startCoordinator(): Promise<Coordinator> {
  const config = { ...DEFAULT_CONFIG, dataFolder: null };
  try {
    return await createCoordinator({ ...config, port: DEFAULT_PORT });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    return createCoordinator({ ...config, port: 0 });
  }
}

/** Tabs of one profile. Ctrl-C is this command's to handle, not the browser's. */
async function openTabs(executablePath: string, url: string, count: number, headed: boolean): Promise<Crowd> {
  const browser = await chromium.launch({
    executablePath,
    headless: !headed,
    args: [...BROWSER_ARGS],
    handleSIGINT: false,
    handleSIGTERM: false,
  });
  const lost = new Promise<never>((_resolve, reject) => {
    browser.on('disconnected', () => reject(new Error('The browser was closed before the run was over.')));
  });
  // It is raced against only while the run goes on.
  lost.catch(() => {});
  const close = () => browser.close();
  try {
    const context = await browser.newContext();
    await Promise.all(Array.from({ length: count }, async () => takePart(await context.newPage(), url)));
    return { lost, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function takePart(page: Page, url: string): Promise<void> {
  await page.goto(url, { timeout: GATHERING_MS });
  await page.getByRole('button', { name: 'Take part' }).click({ timeout: GATHERING_MS });
}

function openNodeParticipants(origin: string, run: Run, count: number): Crowd {
  const { id, invitation } = run.record;
  const participants = startParticipants({ origin, run: id, invitation }, count);
  const lost = participants.ended.then(() => new Promise<never>(() => {}));
  lost.catch(() => {});
  return { lost, close: () => participants.close() };
}

async function train(run: Run, reporter: Reporter): Promise<void> {
  await gathered(run, GATHERING_MS);
  await run.start();
  reporter.begin();
  await followRun(run, reporter);
}

async function demo(): Promise<void> {
  const { settings, json, flags } = readOptions(USAGE, ['headed', 'exit']);
  const reporter = createReporter(json);
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('interrupted'));
  });
  ensureBuilt('product', (text) => reporter.say(text));
  const coordinator = await startCoordinator();
  let crowd: Crowd | null = null;
  try {
    const run = await coordinator.createRun(settings);
    const origin = `http://localhost:${coordinator.port}`;
    const browser = findBrowser();
    if (browser === null) {
      reporter.say('No Chromium or Chrome was found: Node participants take part instead of tabs.');
      crowd = openNodeParticipants(origin, run, settings.clients);
    } else {
      reporter.say(`${settings.clients} tabs take part in ${browser}.`);
      crowd = await openTabs(
        browser,
        `${origin}${run.invitations.joinPath}`,
        settings.clients,
        flags.has('headed'),
      );
    }
    if ((await Promise.race([train(run, reporter), crowd.lost, interrupted])) === 'interrupted') return;
    if (flags.has('exit')) return;
    reporter.say(
      `\nThe run is at ${origin}/runs/${run.record.id}\nThe admin's page is at ${origin}/admin#${coordinator.freshToken}\nCtrl-C ends it.`,
    );
    await interrupted;
  } finally {
    await crowd?.close();
    await coordinator.close();
  }
}

try {
  await demo();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
