/**
 * Whole rounds on virtual time with everything that a seed lets go wrong (shared/schedules).
 *   npm run schedules -- --seeds 1..200
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { playSchedule, type ScheduleReport } from '#shared/schedules/schedule.ts';
import { openSslSigner } from '../coordinator/crypto/openssl-signer.ts';
import { openSslSuite } from '../coordinator/crypto/openssl-suite.ts';

const HELP = `Usage: npm run schedules -- [options]

  --seeds A..B   which schedules to play (default 1..200); one number plays one
  --threads N    threads to play on (default: all this machine has)
  --trace        print every event of every schedule
  --json         one JSON line instead of a table
  --help         this text

Exit status: 0 all checks held, 1 some did not (the seed and its last events are printed), 2 the command line is wrong.
`;

/** Seeds a thread is given at a time. */
const SEEDS_AT_ONCE = 20;
/** Events printed of a schedule in which a check did not hold. */
const TRACE_LINES = 60;

interface Options {
  readonly first: number;
  readonly last: number;
  readonly threads: number;
  readonly trace: boolean;
  readonly json: boolean;
}

/** What a thread is asked for. */
interface Span {
  readonly first: number;
  readonly last: number;
}

interface Totals {
  seeds: number;
  rounds: Record<string, number>;
  faults: Record<string, number>;
  failed: ScheduleReport[];
  virtualHours: number;
}

/** A schedule that throws has failed, too. */
export async function playSeed(seed: number): Promise<ScheduleReport> {
  try {
    return await playSchedule(seed, { suite: openSslSuite, signerOf: openSslSigner });
  } catch (error) {
    const violations = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
    return { seed, tabs: 0, outcomes: {}, faults: {}, violations, trace: [], virtualMs: 0 };
  }
}

function readOptions(): Options | string {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1..200' },
      threads: { type: 'string', default: String(availableParallelism()) },
      trace: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return HELP;
  const span = /^(\d+)(?:\.\.(\d+))?$/.exec(values.seeds);
  if (span === null) throw new Error(`--seeds: "${values.seeds}" is not like 1..200`);
  const first = Number(span[1]);
  const last = Number(span[2] ?? span[1]);
  if (last < first) throw new Error(`--seeds: ${last} comes before ${first}`);
  if (!/^[1-9]\d?$/.test(values.threads))
    throw new Error(`--threads: "${values.threads}" is not from 1 to 99`);
  const { trace, json } = values;
  return { first, last, threads: Number(values.threads), trace, json };
}

/** Every seed once, on as many threads; `onReport` is called in no order. */
async function playAll(
  { first, last, threads }: Options,
  onReport: (report: ScheduleReport) => void,
): Promise<void> {
  let next = first;
  const take = (): Span | null => {
    if (next > last) return null;
    const span = { first: next, last: Math.min(last, next + SEEDS_AT_ONCE - 1) };
    next = span.last + 1;
    return span;
  };
  const run = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: 'schedules' });
      const ask = () => {
        const span = take();
        if (span === null) void worker.terminate().then(() => resolve());
        else worker.postMessage(span);
      };
      worker.on('message', (reports: readonly ScheduleReport[]) => {
        for (const report of reports) onReport(report);
        ask();
      });
      worker.on('error', reject);
      ask();
    });
  await Promise.all(Array.from({ length: threads }, run));
}

async function main(): Promise<number> {
  let options: Options | string;
  try {
    options = readOptions();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  if (typeof options === 'string') {
    process.stdout.write(options);
    return 0;
  }
  const { trace, json } = options;
  const totals: Totals = { seeds: 0, rounds: {}, faults: {}, failed: [], virtualHours: 0 };
  await playAll(options, (report) => {
    addTo(totals, report);
    if (trace) process.stdout.write(`seed ${report.seed}\n${report.trace.join('\n')}\n`);
    if (report.violations.length > 0) process.stderr.write(describeFailure(report));
  });
  process.stdout.write(json ? `${JSON.stringify(summary(totals))}\n` : describe(totals));
  return totals.failed.length === 0 ? 0 : 1;
}

function addTo(totals: Totals, report: ScheduleReport): void {
  totals.seeds++;
  totals.virtualHours += report.virtualMs / 3_600_000;
  for (const [how, count] of Object.entries(report.outcomes))
    totals.rounds[how] = (totals.rounds[how] ?? 0) + count;
  for (const [kind, count] of Object.entries(report.faults))
    totals.faults[kind] = (totals.faults[kind] ?? 0) + count;
  if (report.violations.length > 0) totals.failed.push(report);
}

const summary = ({ seeds, rounds, faults, failed, virtualHours }: Totals) => ({
  seeds,
  rounds,
  faults,
  failed: failed.map(({ seed, violations }) => ({ seed, violations })),
  virtualHours: Math.round(10 * virtualHours) / 10,
});

function describe(totals: Totals): string {
  const rows = (counts: Record<string, number>) =>
    Object.entries(counts)
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, count]) => `  ${String(count).padStart(7)}  ${name}\n`)
      .join('');
  const { seeds, rounds, faults, failed, virtualHours } = totals;
  return (
    `${seeds} schedules, ${virtualHours.toFixed(1)} virtual hours\n` +
    `attempts at rounds\n${rows(rounds)}faults\n${rows(faults)}` +
    (failed.length === 0
      ? 'All checks held.\n'
      : `Checks did not hold in ${failed.length}: seeds ${failed.map(({ seed }) => seed).join(', ')}\n`)
  );
}

const describeFailure = ({ seed, violations, trace, faults }: ScheduleReport): string =>
  `seed ${seed}: ${violations.join('\n  ')}\n  faults ${JSON.stringify(faults)}\n` +
  trace
    .slice(-TRACE_LINES)
    .map((line) => `    ${line}\n`)
    .join('');

if (!isMainThread && workerData === 'schedules') {
  parentPort?.on('message', (span: Span) => {
    void (async () => {
      const reports: ScheduleReport[] = [];
      for (let seed = span.first; seed <= span.last; seed++) reports.push(await playSeed(seed));
      parentPort?.postMessage(reports);
    })();
  });
} else if (isMainThread && import.meta.main) process.exitCode = await main();
