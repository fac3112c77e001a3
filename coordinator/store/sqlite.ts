/**
 * The store on one SQLite file (node:sqlite): write-ahead log, synchronous=FULL, so that what a call has
 * stored is there after kill −9 and after a power cut. Schema changes are numbered by user_version.
 */
import { DatabaseSync } from 'node:sqlite';
import type { ModelHash } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import type { LogEntry, RoundView } from '#shared/protocol/api.ts';
import type { OpenRound, RunRecord, Store } from './port.ts';
import { uploadedModelTable, UPLOADED_MODELS_TABLE } from './uploaded-models.ts';

/** Applied in order; never edited once released, only appended to. */
const MIGRATIONS = [
  `CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
   CREATE TABLE sessions (hash TEXT PRIMARY KEY, expires_at_ms INTEGER NOT NULL) STRICT;
   CREATE TABLE models (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
   CREATE TABLE runs (
     id TEXT PRIMARY KEY, created_at TEXT NOT NULL, task TEXT NOT NULL, settings TEXT NOT NULL,
     invitation TEXT NOT NULL, state TEXT NOT NULL, ended_because TEXT,
     model_hash TEXT NOT NULL REFERENCES models (hash), initial TEXT
   ) STRICT;
   CREATE TABLE open_rounds (
     run TEXT NOT NULL REFERENCES runs (id), round INTEGER NOT NULL, attempt INTEGER NOT NULL,
     sid TEXT NOT NULL UNIQUE, invited INTEGER NOT NULL, PRIMARY KEY (run, round, attempt)
   ) STRICT;
   CREATE TABLE rounds (
     position INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES runs (id), sid TEXT NOT NULL UNIQUE,
     view TEXT NOT NULL
   ) STRICT;
   CREATE TABLE log (position INTEGER PRIMARY KEY, run TEXT NOT NULL, at TEXT NOT NULL, text TEXT NOT NULL) STRICT;
   CREATE INDEX rounds_of_run ON rounds (run);
   CREATE INDEX log_of_run ON log (run);`,
  // Protocol 2: runs that have ended stay readable; those under way were promised something else, and end.
  `UPDATE runs SET
     settings = json_set(settings, '$.minSurvivors', 3, '$.accomplicesPerMille', 50, '$.dropoutPerMille', 100,
       '$.onePerProfile', json('false'), '$.privacy', json('{"mode":"none"}'),
       '$.durationsMs', json('{"offered":10000,"training":120000,"sharing":10000,"masking":10000,"confirming":10000,"unmasking":10000}')),
     task = json_set(task, '$.quantization.bits', 16);
   UPDATE rounds SET view = json_set(view, '$.pairsDirect', 0, '$.pairsRelayed', 0, '$.epsilon', json('null'));
   DELETE FROM open_rounds;
   UPDATE runs SET state = 'stopped',
     ended_because = 'Chorale was updated to a protocol that this run was not made for. Make a new run.'
     WHERE state IN ('waiting', 'running');`,
  // Evaluations by class: of what was evaluated before, accuracy and loss are all there is.
  `UPDATE rounds SET view = json_set(view, '$.detail', json('null'));
   UPDATE runs SET initial = json_set(initial, '$.detail', json('null')) WHERE initial IS NOT NULL;`,
  UPLOADED_MODELS_TABLE,
];

const ADMIN_TOKEN_HASH = 'admin token hash';
const COORDINATOR_KEY = 'coordinator key';

/**
 * `file` is a path, or ":memory:". One process at a time: another's start would abort this one's open rounds, so
 * that the lock is held until `close` or the end of the process. Throws a sentence where the file is in use, is no
 * database, or is of a newer version.
 */
export function openSqliteStore(file: string): Store {
  const db = new DatabaseSync(file);
  try {
    db.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;',
    );
    migrate(db);
    const models = uploadedModelTable(db, (work) => inTransaction(db, work));
    return { ...accessTables(db), ...runTables(db), ...models, close: async () => db.close() };
  } catch (error) {
    db.close();
    throw inWords(error, file);
  }
}

const SQLITE_BUSY = 5;

function inWords(error: unknown, file: string): unknown {
  if (!(error instanceof Error && 'errcode' in error)) return error;
  return error.errcode === SQLITE_BUSY
    ? new Error(`${file} is in use by another Chorale: stop it, or choose another folder with --data.`)
    : new Error(`${file} cannot be opened: ${error.message}.`);
}

function migrate(db: DatabaseSync): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version > MIGRATIONS.length)
    throw new Error(
      `The data were written by a newer version of Chorale (schema ${version}, this one knows ${MIGRATIONS.length}).`,
    );
  MIGRATIONS.slice(version).forEach((migration, index) =>
    inTransaction(db, () => db.exec(`${migration} PRAGMA user_version = ${version + index + 1};`)),
  );
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

type AccessTables = Pick<
  Store,
  | 'adminTokenHash'
  | 'setAdminTokenHash'
  | 'addSession'
  | 'sessionExpiry'
  | 'removeSession'
  | 'removeExpiredSessions'
  | 'coordinatorKey'
  | 'setCoordinatorKey'
>;

function accessTables(db: DatabaseSync): AccessTables {
  const secret = db.prepare('SELECT value FROM secrets WHERE name = ?');
  const setSecret = db.prepare(
    'INSERT INTO secrets VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  );
  const secretOf = (name: string): Uint8Array | null => {
    const value = secret.get(name)?.['value'];
    return value instanceof Uint8Array ? value : null;
  };
  return {
    adminTokenHash: async () => {
      const value = secretOf(ADMIN_TOKEN_HASH);
      return value === null ? null : new TextDecoder().decode(value);
    },
    setAdminTokenHash: async (hash) =>
      inTransaction(db, () => {
        setSecret.run(ADMIN_TOKEN_HASH, new TextEncoder().encode(hash));
        db.exec('DELETE FROM sessions');
      }),
    addSession: async (hash, expiresAtMs) => {
      db.prepare('INSERT INTO sessions VALUES (?, ?)').run(hash, expiresAtMs);
    },
    sessionExpiry: async (hash) => {
      const row = db.prepare('SELECT expires_at_ms FROM sessions WHERE hash = ?').get(hash);
      return row === undefined ? null : Number(row['expires_at_ms']);
    },
    removeSession: async (hash) => {
      db.prepare('DELETE FROM sessions WHERE hash = ?').run(hash);
    },
    removeExpiredSessions: async (nowMs) => {
      db.prepare('DELETE FROM sessions WHERE expires_at_ms <= ?').run(nowMs);
    },
    coordinatorKey: async () => secretOf(COORDINATOR_KEY),
    setCoordinatorKey: async (secretKey) => {
      setSecret.run(COORDINATOR_KEY, secretKey);
    },
  };
}

type RunTables = Omit<Store, keyof AccessTables | keyof ReturnType<typeof uploadedModelTable> | 'close'>;

function runTables(db: DatabaseSync): RunTables {
  const putModel = db.prepare('INSERT INTO models VALUES (?, ?) ON CONFLICT DO NOTHING');
  const closeRound = db.prepare('DELETE FROM open_rounds WHERE sid = ?');
  const putRound = db.prepare('INSERT INTO rounds (run, sid, view) VALUES (?, ?, ?)');
  const putLog = db.prepare('INSERT INTO log (run, at, text) VALUES (?, ?, ?)');
  const endRound = (run: string, view: RoundView) => {
    closeRound.run(view.sid);
    putRound.run(run, view.sid, JSON.stringify(view));
  };
  return {
    createRun: async (run, model) =>
      inTransaction(db, () => {
        putModel.run(run.modelHash, model);
        db.prepare('INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
          run.id,
          run.createdAt,
          JSON.stringify(run.task),
          JSON.stringify(run.settings),
          run.invitation,
          run.state,
          run.endedBecause,
          run.modelHash,
          run.initial === null ? null : JSON.stringify(run.initial),
        );
      }),
    runs: async () => db.prepare('SELECT * FROM runs ORDER BY rowid').all().map(runOfRow),
    setRunState: async (id, state, endedBecause) => {
      db.prepare('UPDATE runs SET state = ?, ended_because = ? WHERE id = ?').run(state, endedBecause, id);
    },
    extendRun: async (id, settings, entry) =>
      inTransaction(db, () => {
        db.prepare(`UPDATE runs SET settings = ?, state = 'running', ended_because = NULL WHERE id = ?`).run(
          JSON.stringify(settings),
          id,
        );
        putLog.run(id, entry.at, entry.text);
      }),
    setInitial: async (id, initial) => {
      db.prepare('UPDATE runs SET initial = ? WHERE id = ?').run(JSON.stringify(initial), id);
    },
    openRound: async ({ run, round, attempt, sid, invited }) => {
      db.prepare('INSERT INTO open_rounds VALUES (?, ?, ?, ?, ?)').run(run, round, attempt, sid, invited);
    },
    openRounds: async () =>
      db
        .prepare('SELECT * FROM open_rounds')
        .all()
        .map((row) => ({ ...row }) as unknown as OpenRound),
    abortRound: async (run, view) => inTransaction(db, () => endRound(run, view)),
    commitRound: async (run, view, model) =>
      inTransaction(db, () => {
        invariant(view.modelHash, 'a committed round has a model');
        putModel.run(view.modelHash, model);
        endRound(run, view);
        db.prepare('UPDATE runs SET model_hash = ? WHERE id = ?').run(view.modelHash, run);
      }),
    updateRound: async (run, view) => {
      db.prepare('UPDATE rounds SET view = ? WHERE run = ? AND sid = ?').run(
        JSON.stringify(view),
        run,
        view.sid,
      );
    },
    rounds: async (run) =>
      db
        .prepare('SELECT view FROM rounds WHERE run = ? ORDER BY position')
        .all(run)
        .map((row) => JSON.parse(String(row['view'])) as RoundView),
    model: async (hash: ModelHash) => {
      const bytes = db.prepare('SELECT bytes FROM models WHERE hash = ?').get(hash)?.['bytes'];
      return bytes instanceof Uint8Array ? bytes : null;
    },
    appendLog: async (run, entry) => {
      putLog.run(run, entry.at, entry.text);
    },
    log: async (run) =>
      db
        .prepare('SELECT at, text FROM log WHERE run = ? ORDER BY position')
        .all(run)
        .map((row): LogEntry => ({ at: String(row['at']), text: String(row['text']) })),
  };
}

/** Rows are written by createRun alone, so their shape is ours. */
function runOfRow(row: Record<string, unknown>): RunRecord {
  return {
    id: row['id'],
    createdAt: row['created_at'],
    task: JSON.parse(String(row['task'])),
    settings: JSON.parse(String(row['settings'])),
    invitation: row['invitation'],
    state: row['state'],
    endedBecause: row['ended_because'],
    modelHash: row['model_hash'],
    initial: typeof row['initial'] === 'string' ? JSON.parse(row['initial']) : null,
  } as RunRecord;
}
