import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashOf, roundView, runRecord, sidOf, storeContract } from './contract.ts';
import { openSqliteStore } from './sqlite.ts';

describe('the SQLite store in memory', () => {
  storeContract(() => openSqliteStore(':memory:'));
});

describe('the SQLite store on a file', () => {
  let folder: string;
  const fileOf = (name: string) => join(folder, `${name}.sqlite`);
  const run = runRecord('run-aaaaaaaaaaaa');

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'chorale-store-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  storeContract(() => openSqliteStore(fileOf('contract')));

  it('is found again as it was left', async () => {
    const store = openSqliteStore(fileOf('runs'));
    await store.setAdminTokenHash('token');
    await store.addSession('session', 5);
    await store.createRun(run, Uint8Array.of(1));
    await store.commitRound(run.id, roundView(sidOf('1')), Uint8Array.of(2));
    await store.appendLog(run.id, { at: 'now', text: 'Started.' });
    await store.close();
    const again = openSqliteStore(fileOf('runs'));
    expect(await again.adminTokenHash()).toBe('token');
    expect(await again.sessionExpiry('session')).toBe(5);
    expect(await again.runs()).toEqual([{ ...run, modelHash: hashOf('b') }]);
    expect(await again.rounds(run.id)).toEqual([roundView(sidOf('1'))]);
    expect(await again.model(hashOf('b'))).toEqual(Uint8Array.of(2));
    expect(await again.log(run.id)).toEqual([{ at: 'now', text: 'Started.' }]);
    await again.close();
  });

  it('has everything on the disk without being closed: an attempt that a crash cut off is still open', async () => {
    const store = openSqliteStore(fileOf('running'));
    const open = { run: run.id, round: 1, attempt: 1, sid: sidOf('1'), invited: 3 };
    await store.createRun(run, Uint8Array.of(1));
    await store.openRound(open);
    // What a process that is killed here leaves.
    for (const suffix of ['', '-wal'])
      if (existsSync(fileOf('running') + suffix))
        copyFileSync(fileOf('running') + suffix, fileOf('crashed') + suffix);
    const after = openSqliteStore(fileOf('crashed'));
    expect(await after.runs()).toEqual([run]);
    expect(await after.openRounds()).toEqual([open]);
    await after.close();
    await store.close();
  });

  it('belongs to one coordinator at a time', async () => {
    const store = openSqliteStore(fileOf('one'));
    expect(() => openSqliteStore(fileOf('one'))).toThrow(
      /one\.sqlite is in use by another Chorale: stop it, or choose another folder with --data/,
    );
    await store.close();
    await openSqliteStore(fileOf('one')).close();
  });

  it('says which file is no database', () => {
    writeFileSync(fileOf('letter'), 'Dear coordinator, '.repeat(100));
    expect(() => openSqliteStore(fileOf('letter'))).toThrow(/letter\.sqlite cannot be opened: /);
  });

  it('refuses data of a newer version, naming both', async () => {
    await openSqliteStore(fileOf('newer')).close();
    const db = new DatabaseSync(fileOf('newer'));
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => openSqliteStore(fileOf('newer'))).toThrow(
      /newer version of Chorale \(schema 99, this one knows 1\)/,
    );
  });
});
