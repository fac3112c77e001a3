import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashOf, roundView, runRecord, sidOf, storeContract } from './contract.ts';
import type { RunId } from '#shared/base/ids.ts';
import { mnistTask } from '#shared/tasks/mnist.ts';
import { runSettings } from '#shared/tasks/run.ts';
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

  it('brings data of protocol 1 along: what has ended can be read, what was under way ends', async () => {
    await openSqliteStore(fileOf('older')).close();
    const db = new DatabaseSync(fileOf('older'));
    db.exec('PRAGMA user_version = 1');
    db.prepare('INSERT INTO models VALUES (?, ?)').run(hashOf('a'), Uint8Array.of(1));
    const task = JSON.stringify({ ...mnistTask, quantization: { range: 4 } });
    const settings = JSON.stringify({
      taskId: 'mnist',
      clients: 4,
      minCohort: 3,
      rounds: 5,
      seed: 9,
      durationsMs: { offered: 10_000, training: 120_000, rostered: 10_000, masking: 10_000 },
    });
    for (const [id, state] of [
      ['over', 'done'],
      ['open', 'running'],
    ] as const)
      db.prepare('INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
        id,
        'now',
        task,
        settings,
        'AAAAAAAAAAAAAAAAAAAAAA',
        state,
        null,
        hashOf('a'),
        null,
      );
    const { pairsDirect: _direct, pairsRelayed: _relayed, epsilon: _epsilon, ...old } = roundView(sidOf('1'));
    db.prepare('INSERT INTO rounds (run, sid, view) VALUES (?, ?, ?)').run(
      'over',
      old.sid,
      JSON.stringify(old),
    );
    db.prepare('INSERT INTO open_rounds VALUES (?, ?, ?, ?, ?)').run('open', 1, 1, sidOf('2'), 3);
    db.close();

    const store = openSqliteStore(fileOf('older'));
    const [over, open] = await store.runs();
    expect(over).toMatchObject({ state: 'done', endedBecause: null, task: { quantization: { bits: 16 } } });
    for (const record of [over, open])
      expect(v.parse(runSettings, record?.settings)).toEqual(record?.settings);
    expect(open).toMatchObject({ state: 'stopped', endedBecause: expect.stringContaining('Make a new run') });
    expect(await store.openRounds()).toEqual([]);
    expect(await store.rounds('over' as RunId)).toMatchObject([
      { pairsDirect: 0, pairsRelayed: 0, epsilon: null },
    ]);
    await store.close();
  });

  it('brings evaluations along that say nothing of classes', async () => {
    const store = openSqliteStore(fileOf('brief'));
    const evaluation = { accuracy: 0.5, loss: 2 };
    const evaluated = runRecord('run-aaaaaaaaaaaa', { initial: { ...evaluation, detail: null } });
    const round = roundView(sidOf('1'), evaluation);
    await store.createRun(evaluated, Uint8Array.of(1));
    await store.createRun(runRecord('run-bbbbbbbbbbbb'), Uint8Array.of(1));
    await store.abortRound(evaluated.id, round);
    await store.close();
    const db = new DatabaseSync(fileOf('brief'));
    db.exec(`UPDATE runs SET initial = json_remove(initial, '$.detail') WHERE initial IS NOT NULL;
      UPDATE rounds SET view = json_remove(view, '$.detail'); PRAGMA user_version = 2;`);
    db.close();

    const later = openSqliteStore(fileOf('brief'));
    expect(await later.runs()).toEqual([evaluated, runRecord('run-bbbbbbbbbbbb')]);
    expect(await later.rounds(evaluated.id)).toEqual([round]);
    await later.close();
  });

  it('refuses data of a newer version, naming both', async () => {
    await openSqliteStore(fileOf('newer')).close();
    const db = new DatabaseSync(fileOf('newer'));
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => openSqliteStore(fileOf('newer'))).toThrow(
      /newer version of Chorale \(schema 99, this one knows 4\)/,
    );
  });
});
