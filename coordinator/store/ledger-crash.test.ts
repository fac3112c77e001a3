/**
 * kill −9 of a coordinator's process at every step of a spend, before and after each call to the database and around
 * each `unmask-request`: whoever may have been unmasked is counted.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RUN } from './ledger-contract.ts';
import { openSqliteLedger } from './ledger-sqlite.ts';

const fileUrl = (name: string) => new URL(name, import.meta.url).href;
const CLIENTS = ['a', 'b', 'c'] as const;
const SIDS = ['1', '2'] as const;

type Order = 'commit, then request' | 'request, then commit';

/**
 * Two sums: each is committed and then asked for, which is a line on stdout, written at once as a socket's frame may be.
 * The process kills itself at its `deadly`-th step; without one it prints how many there are.
 */
const processOf = (ledgerFile: string, order: Order, deadly: number): string => `
  import { writeSync } from 'node:fs';
  import { DatabaseSync, StatementSync } from 'node:sqlite';
  import { openSqliteLedger } from '${fileUrl('./ledger-sqlite.ts')}';

  let steps = 0;
  const step = () => {
    steps++;
    if (steps === ${deadly}) process.kill(process.pid, 'SIGKILL');
  };
  for (const [kind, name] of [[DatabaseSync, 'exec'], [StatementSync, 'run']]) {
    const original = kind.prototype[name];
    kind.prototype[name] = function (...given) {
      step();
      const result = original.apply(this, given);
      step();
      return result;
    };
  }
  const mechanism = { mode: 'distributed', noiseSteps: 10, l1: 40, l2: 4, dimension: 16, countedShares: 2 };
  const clients = ${JSON.stringify(CLIENTS)}.map((digit) => digit.repeat(64));
  const ledger = openSqliteLedger(${JSON.stringify(ledgerFile)});
  for (const digit of ${JSON.stringify(SIDS)}) {
    const commit = () => ledger.commit({ run: '${RUN}', sid: digit.repeat(64), clients, mechanism });
    const request = () => writeSync(1, 'unmask-request ' + digit + '\\n');
    const parts = [commit, request];
    ${order === 'commit, then request' ? '' : 'parts.reverse();'}
    for (const part of parts) {
      await part();
      step();
    }
  }
  writeSync(1, 'steps ' + steps + '\\n');
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorale-ledger-crash-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Aftermath {
  readonly signal: string | null;
  readonly steps: number;
  /** Sums that were asked for. */
  readonly requested: readonly string[];
  /** Clients that the ledger has counted for each sum. */
  readonly counted: readonly number[];
}

/** Lets the process run to its death, and opens what it left. */
async function aftermath(order: Order, deadly: number): Promise<Aftermath> {
  const file = join(folder, `${deadly}.sqlite`);
  const child = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', processOf(file, order, deadly)],
    { encoding: 'utf8', timeout: 60_000, cwd: fileURLToPath(new URL('.', import.meta.url)) },
  );
  const ledger = openSqliteLedger(file);
  const entries = [...(await ledger.entriesByClient(RUN)).values()].flat();
  await ledger.close();
  return {
    signal: child.signal,
    steps: Number(/steps (\d+)/.exec(child.stdout)?.[1] ?? NaN),
    requested: [...child.stdout.matchAll(/unmask-request (\d)/g)].map((match) => match[1] ?? ''),
    counted: SIDS.map((digit) => entries.filter(({ sid }) => sid === digit.repeat(64)).length),
  };
}

/** Sums that were asked for and are not counted for every client. */
const undercounted = ({ requested, counted }: Aftermath): string[] =>
  requested.filter((digit) => counted[SIDS.findIndex((sid) => sid === digit)] !== CLIENTS.length);

async function everyDeath(order: Order): Promise<Aftermath[]> {
  const whole = await aftermath(order, 0);
  expect(whole).toMatchObject({ signal: null, requested: SIDS, counted: SIDS.map(() => CLIENTS.length) });
  const deaths = [];
  for (let deadly = 1; deadly <= whole.steps; deadly++) deaths.push(await aftermath(order, deadly));
  return deaths;
}

describe('kill −9 at every step of a spend', { timeout: 240_000 }, () => {
  it('leaves no sum uncounted that was asked for, counts some that were not, and never half a sum', async () => {
    const deaths = await everyDeath('commit, then request');
    expect(deaths.every(({ signal }) => signal === 'SIGKILL')).toBe(true);
    expect(deaths.flatMap(undercounted)).toEqual([]);
    expect(
      deaths.every(({ counted }) => counted.every((clients) => [0, CLIENTS.length].includes(clients))),
    ).toBe(true);
    const overcounts = deaths.filter(
      ({ requested, counted }) => counted[requested.length] === CLIENTS.length,
    );
    expect(overcounts.length).toBeGreaterThan(0);
  });

  it('would show one that asks first', async () => {
    const deaths = await everyDeath('request, then commit');
    expect(deaths.flatMap(undercounted).length).toBeGreaterThan(0);
  });
});
