/**
 * A coordinator's own process, which ends itself by SIGKILL just before one step: a write that is then on the disk for
 * good (a commit, or a statement outside a transaction), or a frame of the end of a round that is handed to a socket.
 * It makes one run and starts it, says on stdout where it is to be found, and then each step as it comes to it. What is
 * counted and sent is the product's own: the steps are seen from below, in node:sqlite and in ws.
 */
import { writeSync } from 'node:fs';
import { basename } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { WebSocket } from 'ws';
import { decodeToParticipant } from '#shared/protocol/codec.ts';
import type { RunSettingsInput } from '#shared/tasks/run.ts';
import { DEFAULT_CONFIG } from '../config.ts';
import { createCoordinator } from '../coordinator.ts';
import { tinyTask } from './tiny-coordinator.ts';

/** The process's only argument, as JSON. */
export interface DyingStart {
  readonly dataFolder: string;
  readonly demoFolder: string;
  readonly settings: RunSettingsInput;
  /** A line that it would print; null to live on. */
  readonly deadly: string | null;
  /** A planted fault: what the ledger commits reaches the disk after the next `unmask-request` instead of before. */
  readonly ledgerLate: boolean;
}

/** Its first line, as JSON. */
export interface DyingReady {
  readonly port: number;
  readonly run: string;
  readonly invitation: string;
}

/** Of the end of a round: what can open its sum, and what tells of it. */
const WATCHED = ['unmask-request', 'confirmations', 'result'];

const start = JSON.parse(process.argv[2] ?? '') as DyingStart;
const say = (line: string) => void writeSync(1, `${line}\n`);

const counts = new Map<string, number>();
function step(what: string): void {
  const count = (counts.get(what) ?? 0) + 1;
  counts.set(what, count);
  say(`${what} ${count}`);
  if (`${what} ${count}` === start.deadly) process.kill(process.pid, 'SIGKILL');
}

/** The transaction under way: one at a time, since none waits for anything. */
let tables: string[] | null = null;
let lateCommit: (() => void) | null = null;

const tableOf = (sql: string): string => /(?:INTO|UPDATE|FROM)\s+(\w+)/i.exec(sql)?.[1] ?? sql;

const { exec } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function (sql: string): void {
  const begins = sql.startsWith('BEGIN');
  if (sql !== 'COMMIT') {
    exec.call(this, sql);
    if (begins) tables = [];
    return;
  }
  const first = tables?.[0] ?? 'schema';
  tables = null;
  const commit = () => {
    step(`write ${first}`);
    exec.call(this, sql);
  };
  if (start.ledgerLate && basename(this.location() ?? '').startsWith('privacy-ledger') && first === 'sums')
    lateCommit = commit;
  else commit();
};

const { run } = StatementSync.prototype;
StatementSync.prototype.run = function (this: StatementSync, ...given: Parameters<StatementSync['run']>) {
  const table = tableOf(this.sourceSQL);
  if (tables === null) step(`write ${table}`);
  else tables.push(table);
  return run.apply(this, given);
} as StatementSync['run'];

const { send } = WebSocket.prototype;
WebSocket.prototype.send = function (this: WebSocket, ...given: Parameters<typeof send>) {
  const message = decodeToParticipant(given[0] as Uint8Array);
  const kind = message.ok ? message.value.kind : 'unreadable';
  if (WATCHED.includes(kind)) step(`send ${kind}`);
  send.apply(this, given);
  if (kind !== 'unmask-request' || lateCommit === null) return;
  const commit = lateCommit;
  lateCommit = null;
  commit();
} as WebSocket['send'];

const coordinator = await createCoordinator({
  ...DEFAULT_CONFIG,
  port: 0,
  dataFolder: start.dataFolder,
  demoFolder: start.demoFolder,
  pagesFolder: null,
  tasks: [tinyTask],
  logLevel: 'silent',
});
const made = await coordinator.createRun(start.settings);
await made.start();
const { id, invitation } = made.record;
say(JSON.stringify({ port: coordinator.port, run: id, invitation } satisfies DyingReady));
