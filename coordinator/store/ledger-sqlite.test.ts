import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RUN, clientOf, ledgerContract, spendOf } from './ledger-contract.ts';
import { openSqliteLedger } from './ledger-sqlite.ts';

describe('the SQLite ledger in memory', () => {
  ledgerContract(() => openSqliteLedger(':memory:'));
});

describe('the SQLite ledger on a file', () => {
  let folder: string;
  const fileOf = (name: string) => join(folder, `${name}.sqlite`);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'chorale-ledger-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  ledgerContract(() => openSqliteLedger(fileOf('contract')));

  it('is found again as it was left, and is added to', async () => {
    const ledger = openSqliteLedger(fileOf('ledger'));
    await ledger.commit(spendOf('1', ['a', 'b', 'c']));
    await ledger.close();
    const again = openSqliteLedger(fileOf('ledger'));
    await again.commit(spendOf('2', ['a']));
    expect(await again.entriesOf(RUN, clientOf('a'))).toHaveLength(2);
    await again.close();
  });

  it('waits for the disk at each commit: synchronous is FULL, on a write-ahead log', async () => {
    const exec = vi.spyOn(DatabaseSync.prototype, 'exec');
    const ledger = openSqliteLedger(fileOf('durable'));
    const db = exec.mock.contexts[0];
    exec.mockRestore();
    if (!(db instanceof DatabaseSync)) throw new Error('no database was opened');
    expect(db.prepare('PRAGMA synchronous').get()).toMatchObject({ synchronous: 2 });
    expect(db.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' });
    await ledger.close();
  });

  it('belongs to one coordinator at a time', async () => {
    const ledger = openSqliteLedger(fileOf('one'));
    expect(() => openSqliteLedger(fileOf('one'))).toThrow(
      /^The privacy ledger .*one\.sqlite cannot be opened: database is locked\.$/,
    );
    await ledger.close();
    await openSqliteLedger(fileOf('one')).close();
  });

  it('says which file is no ledger', () => {
    writeFileSync(fileOf('letter'), 'Dear coordinator, '.repeat(100));
    expect(() => openSqliteLedger(fileOf('letter'))).toThrow(/letter\.sqlite cannot be opened: /);
  });

  it('refuses a ledger of a newer version, naming both', async () => {
    await openSqliteLedger(fileOf('newer')).close();
    const db = new DatabaseSync(fileOf('newer'));
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => openSqliteLedger(fileOf('newer'))).toThrow(/schema 99, this one knows 1/);
  });
});
