/**
 * kill −9 of a whole coordinator, before every step of a round's end that reaches the disk or a tab: what its ledger and
 * its page count afterwards covers every sum that could have been opened, and so does what each participant counts.
 * Real processes, sockets, masks and noise; the participants come back by themselves, and the run goes on.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ParticipantId, RunId, Sid } from '#shared/base/ids.ts';
import { epsilonOfEntries, type LedgerEntry } from '#shared/privacy/ledger.ts';
import type { RunView } from '#shared/protocol/api.ts';
import { openSqliteLedger } from './store/ledger-sqlite.ts';
import { writeDataset } from './testing/dataset.ts';
import type { DyingReady, DyingStart } from './testing/dying-coordinator.ts';
import { RecordedParticipant } from './testing/recorded-participant.ts';
import {
  seen,
  startTinyCoordinator,
  tinyRun,
  tinyTask,
  type TinyCoordinator,
} from './testing/tiny-coordinator.ts';

const PROCESS = fileURLToPath(new URL('./testing/dying-coordinator.ts', import.meta.url));
const DELTA = 1e-5;
const settings = tinyRun({
  clients: 3,
  rounds: 2,
  privacy: { mode: 'distributed', clipNorm: 1, epsilon: 8, delta: DELTA },
});

let folder: string;
const running = new Set<ChildProcess>();
let everyone: RecordedParticipant[] = [];
let restarted: TinyCoordinator | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorale-ledger-kill-'));
  writeDataset(join(folder, 'demo'), tinyTask);
});
afterEach(async () => {
  await clear();
  rmSync(folder, { recursive: true });
});

async function clear(): Promise<void> {
  for (const { session } of everyone) session.leave();
  everyone = [];
  await restarted?.close();
  restarted = null;
  for (const child of running) {
    const ended = once(child, 'exit');
    if (child.kill('SIGKILL')) await ended;
  }
}

/** A coordinator that dies at `deadly`, and three participants; `steps` are the steps that it came to. */
async function startDying(dataFolder: string, deadly: string | null, ledgerLate = false) {
  const start: DyingStart = { dataFolder, demoFolder: join(folder, 'demo'), settings, deadly, ledgerLate };
  const child = spawn(process.execPath, [PROCESS, JSON.stringify(start)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  // With all that it has said.
  const closed = once(child, 'close');
  const died = async () => {
    await closed;
    running.delete(child);
    await Promise.all(everyone.map(({ lost }) => lost));
  };
  const steps: string[] = [];
  const ready = await new Promise<DyingReady>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line.startsWith('{')) resolve(JSON.parse(line) as DyingReady);
      else steps.push(line);
    });
  });
  const before = steps.length;
  everyone = Array.from({ length: settings.clients }, () => new RecordedParticipant(ready.port, ready));
  return { ...ready, died, ofRound: () => steps.slice(before) };
}

/** What is kept of a run by a coordinator that is not up. */
async function ledgerIn(dataFolder: string, run: string): Promise<Map<ParticipantId, LedgerEntry[]>> {
  const ledger = openSqliteLedger(join(dataFolder, 'privacy-ledger.sqlite'));
  const entries = await ledger.entriesByClient(run as RunId);
  await ledger.close();
  return entries;
}

const sidsOf = (entries: readonly LedgerEntry[]): Sid[] => entries.map(({ sid }) => sid);

/** Sums that participants were asked to open and that the ledger has not counted for each of the three. */
function undercounted(counted: ReadonlyMap<ParticipantId, LedgerEntry[]>): Sid[] {
  const asked = new Set(everyone.flatMap((participant) => [...participant.asked]));
  const isWhole = (sid: Sid) =>
    [...counted.values()].filter((entries) => sidsOf(entries).includes(sid)).length === everyone.length;
  return [...asked].filter((sid) => !isWhole(sid));
}

const mostSpent = (counted: ReadonlyMap<ParticipantId, LedgerEntry[]>): LedgerEntry[] =>
  [...counted.values()].toSorted((a, b) => b.length - a.length)[0] ?? [];

async function pageOf({ origin }: TinyCoordinator, run: string): Promise<RunView> {
  return (await (await fetch(`${origin}/api/runs/${run}`)).json()) as RunView;
}

/** The page says what the ledger holds. */
function expectShown({ live }: RunView, counted: ReadonlyMap<ParticipantId, LedgerEntry[]>): void {
  const most = mostSpent(counted);
  expect(live.privacy.roundsSpent).toBe(most.length);
  expect(live.privacy.spentEpsilon).toBeCloseTo(epsilonOfEntries(most, DELTA), 9);
  expect(live.privacy.spentEpsilon).toBeLessThanOrEqual(8);
}

/** Dies at the step, comes back, and goes on to the run's end; what was counted at the death. */
async function deathAt(step: string) {
  const dataFolder = join(folder, step.replaceAll(' ', '-'));
  mkdirSync(dataFolder);
  const { run, port, died } = await startDying(dataFolder, step);
  await died();
  const atDeath = await ledgerIn(dataFolder, run);
  const askedAtDeath = new Set(everyone.flatMap((participant) => [...participant.asked])).size;
  expect(undercounted(atDeath), step).toEqual([]);
  restarted = await startTinyCoordinator({ port, dataFolder, demoFolder: join(folder, 'demo') });
  expectShown(await pageOf(restarted, run), atDeath);
  const open = restarted.openRun();
  if (open !== undefined) await seen(open, ({ isOver }) => isOver);
  const end = await pageOf(restarted, run);
  await restarted.close();
  restarted = null;
  const atEnd = await ledgerIn(dataFolder, run);
  expect(undercounted(atEnd), step).toEqual([]);
  expectShown(end, atEnd);
  for (const participant of everyone) {
    const own = sidsOf(await participant.ownEntries());
    expect(own, step).toEqual(expect.arrayContaining([...participant.masked]));
    const id = participant.session.view().participant;
    expect(own, step).toEqual(expect.arrayContaining(sidsOf(atEnd.get(id as ParticipantId) ?? [])));
  }
  await clear();
  return { countedAtDeath: mostSpent(atDeath).length, askedAtDeath, state: end.live.state, end };
}

/** The steps of the first round, from its start to the last participant that hears of its result. */
async function stepsOfRound(): Promise<string[]> {
  const dataFolder = join(folder, 'whole');
  mkdirSync(dataFolder);
  const { died, ofRound } = await startDying(dataFolder, 'write open_rounds 2');
  await died();
  await clear();
  // Evaluations are stored when they are ready, and say nothing of what was spent.
  const steps = ofRound().filter((step) => !/^write (runs|rounds) /.test(step));
  return steps.slice(0, steps.indexOf('write open_rounds 2'));
}

describe('kill −9 of a coordinator', { timeout: 180_000 }, () => {
  it('LEDGER-2: before any step of a round leaves no sum uncounted that could have been opened', async () => {
    const steps = await stepsOfRound();
    const written = steps.filter((step) => step.startsWith('write '));
    expect(written.map((step) => step.split(' ')[1])).toEqual([
      'open_rounds',
      'log',
      'sums',
      'log',
      'models',
      'log',
    ]);
    expect(steps.filter((step) => step.startsWith('send '))).toHaveLength(9);
    const deaths = new Map<string, Awaited<ReturnType<typeof deathAt>>>();
    for (const step of steps) deaths.set(step, await deathAt(step));

    const of = (step: string | undefined) => deaths.get(step ?? '') ?? expect.unreachable(step);
    const countedAt = steps.findIndex((step) => step.startsWith('write sums'));
    for (const [i, step] of steps.entries())
      expect(of(step).countedAtDeath, step).toBe(i > countedAt ? 1 : 0);
    // Counted and never asked for: too much, which is allowed, and seen here.
    expect(of(steps[countedAt + 1])).toMatchObject({ countedAtDeath: 1, askedAtDeath: 0 });
    // Asked, and counted before: the requests that had left are real.
    expect(of('send unmask-request 2').askedAtDeath).toBe(1);
    // An attempt that was counted and cut off leaves one participation for two rounds: the run ends within its budget.
    expect(of('send unmask-request 2')).toMatchObject({ state: 'stopped' });
    expect(of('send result 3')).toMatchObject({ state: 'done' });
  });

  it('would show a coordinator that asks before it counts', async () => {
    const dataFolder = join(folder, 'late');
    mkdirSync(dataFolder);
    const { run, died } = await startDying(dataFolder, 'send unmask-request 1', true);
    await died();
    // Dead before it has asked anybody, it has missed nothing.
    expect(undercounted(await ledgerIn(dataFolder, run))).toEqual([]);
    await clear();
    const again = join(folder, 'later');
    mkdirSync(again);
    const late = await startDying(again, 'write sums 1', true);
    await late.died();
    expect(undercounted(await ledgerIn(again, late.run))).toHaveLength(1);
  });
});
