/**
 * The ledger on a SQLite file of its own (node:sqlite): write-ahead log, synchronous=FULL, so that what is committed is
 * there after kill −9 and after a power cut.
 */
import { DatabaseSync } from 'node:sqlite';
import type { ParticipantId, RunId } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import type { LedgerEntry } from '#shared/privacy/ledger.ts';
import type { Ledger } from './ledger.ts';

const VERSION = 1;
const SCHEMA = `
  CREATE TABLE sums (
    position INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE, run TEXT NOT NULL, mode TEXT NOT NULL,
    noise_steps REAL NOT NULL, l1 REAL NOT NULL, l2 REAL NOT NULL, dimension INTEGER NOT NULL,
    counted_shares INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE participations (
    client TEXT NOT NULL, sum INTEGER NOT NULL REFERENCES sums (position), PRIMARY KEY (client, sum)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sums_of_run ON sums (run);
  PRAGMA user_version = ${VERSION};`;

const ENTRIES = `SELECT client, sid, mode, noise_steps, l1, l2, dimension, counted_shares
  FROM sums JOIN participations ON sum = position WHERE run = ?`;

/** `file` is a path, or ":memory:"; it is locked until `close`. Throws a sentence where it cannot be opened. */
export function openSqliteLedger(file: string): Ledger {
  const db = new DatabaseSync(file);
  try {
    db.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;',
    );
    makeTables(db);
    return { ...tables(db), close: async () => db.close() };
  } catch (error) {
    db.close();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`The privacy ledger ${file} cannot be opened: ${reason}.`, { cause: error });
  }
}

function makeTables(db: DatabaseSync): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version > VERSION)
    throw new Error(`a newer version of Chorale wrote it (schema ${version}, this one knows ${VERSION})`);
  if (version === 0) inTransaction(db, () => db.exec(SCHEMA));
}

function inTransaction(db: DatabaseSync, work: () => void): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    work();
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

function tables(db: DatabaseSync): Omit<Ledger, 'close'> {
  const putSum = db.prepare(
    `INSERT INTO sums (sid, run, mode, noise_steps, l1, l2, dimension, counted_shares)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const putClient = db.prepare('INSERT INTO participations (sum, client) VALUES (?, ?)');
  const entriesOfClient = db.prepare(`${ENTRIES} AND client = ? ORDER BY position`);
  const entriesOfRun = db.prepare(`${ENTRIES} ORDER BY position`);
  return {
    commit: async ({ run, sid, clients, mechanism }) =>
      inTransaction(db, () => {
        invariant(clients.length > 0, 'a sum has contributions');
        const { mode, noiseSteps, l1, l2, dimension, countedShares } = mechanism;
        const sum = putSum.run(sid, run, mode, noiseSteps, l1, l2, dimension, countedShares).lastInsertRowid;
        for (const client of clients) putClient.run(sum, client);
      }),
    entriesOf: async (run, client) => entriesOfClient.all(run, client).map(entryOfRow),
    entriesByClient: async (run: RunId) => {
      const byClient = new Map<ParticipantId, LedgerEntry[]>();
      for (const row of entriesOfRun.all(run)) {
        const client = String(row['client']) as ParticipantId;
        const entries = byClient.get(client);
        if (entries === undefined) byClient.set(client, [entryOfRow(row)]);
        else entries.push(entryOfRow(row));
      }
      return byClient;
    },
  };
}

/** Rows are written by `commit` alone, so their shape is ours. */
const entryOfRow = (row: Record<string, unknown>): LedgerEntry =>
  ({
    sid: row['sid'],
    mechanism: {
      mode: row['mode'],
      noiseSteps: row['noise_steps'],
      l1: row['l1'],
      l2: row['l2'],
      dimension: row['dimension'],
      countedShares: row['counted_shares'],
    },
  }) as LedgerEntry;
