import { deleteDB, openDB } from 'idb';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ParticipantId, RunId, Sid } from '#shared/base/ids.ts';
import type { CountedMechanism } from '#shared/privacy/ledger.ts';
import type { OwnEntry, OwnLimits } from '#shared/privacy/participant-ledger.ts';
import { ChunkVault } from './chunk-vault.ts';
import { PrivacyLedger } from './privacy-ledger.ts';

const MECHANISM: CountedMechanism = {
  mode: 'distributed',
  noiseSteps: 4_000.125,
  l1: 50_000,
  l2: Math.sqrt(1_000_001),
  dimension: 8_192,
  countedShares: 29,
};

// Clients and sids of these tests are told apart by one digit.
const entryOf = (sid: string, client = 'c', mechanism = MECHANISM): OwnEntry => ({
  run: 'run-aaaaaaaaaaaa' as RunId,
  client: client.repeat(64) as ParticipantId,
  sid: sid.repeat(64) as Sid,
  mechanism,
});

const limits = (participations: number): OwnLimits => ({
  run: { participations, epsilon: Infinity, delta: 1e-5 },
  origin: { epsilon: Infinity, delta: 1e-5 },
});

const DATABASE = 'chorale-test-privacy';
const entered = { ok: true, value: undefined };

describe('the privacy ledger in IndexedDB', () => {
  beforeEach(async () => {
    await deleteDB(DATABASE);
    return async () => {
      vi.restoreAllMocks();
    };
  });

  const withLedger = async (test: (ledger: PrivacyLedger) => Promise<void>) => {
    const ledger = new PrivacyLedger(DATABASE);
    await test(ledger);
    await ledger.close();
  };

  it('is empty at first, and gives back every number that was entered, to the next page too', async () => {
    await withLedger(async (ledger) => {
      expect(await ledger.entries()).toEqual({ ok: true, value: [] });
      expect(await ledger.enter(entryOf('1'), limits(2))).toEqual(entered);
      expect(await ledger.enter(entryOf('2'), limits(2))).toEqual(entered);
    });
    await withLedger(async (ledger) => {
      expect(await ledger.entries()).toEqual({ ok: true, value: [entryOf('1'), entryOf('2')] });
    });
  });

  it('LEDGER-1: refuses what a limit forbids, and does not count it', async () => {
    await withLedger(async (ledger) => {
      await ledger.enter(entryOf('1'), limits(1));
      expect(await ledger.enter(entryOf('2'), limits(1))).toEqual({ ok: false, fault: 'participations' });
      const strict = { ...limits(9), origin: { epsilon: 0.001, delta: 1e-5 } };
      expect(await ledger.enter(entryOf('2'), strict)).toEqual({ ok: false, fault: 'own-epsilon' });
      expect(await ledger.entries()).toEqual({ ok: true, value: [entryOf('1')] });
    });
  });

  it('of two pages at the same time, one alone spends the last round', async () => {
    const [one, another] = [new PrivacyLedger(DATABASE), new PrivacyLedger(DATABASE)];
    const answers = await Promise.all([
      one.enter(entryOf('1'), limits(1)),
      another.enter(entryOf('2'), limits(1)),
    ]);
    expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
    const all = await one.entries();
    expect(all.ok && all.value).toHaveLength(1);
    await one.close();
    await another.close();
  });

  it('counts two tabs of the profile in the same sum twice', async () => {
    await withLedger(async (ledger) => {
      await ledger.enter(entryOf('1', 'c'), limits(1));
      expect(await ledger.enter(entryOf('1', 'd'), limits(1))).toEqual(entered);
      const all = await ledger.entries();
      expect(all.ok && all.value).toHaveLength(2);
    });
  });

  it('asks the browser to write through to the disk', async () => {
    const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction');
    await withLedger(async (ledger) => {
      await ledger.enter(entryOf('1'), limits(1));
      expect(transaction.mock.calls).toEqual([['entries', 'readwrite', { durability: 'strict' }]]);
      const [result] = transaction.mock.results;
      expect(result?.value).toMatchObject({ durability: 'strict' });
    });
  });

  it('LEDGER-1: is not entered before the write is through: a transaction that fails afterwards is no entry', async () => {
    const add = IDBObjectStore.prototype.add;
    vi.spyOn(IDBObjectStore.prototype, 'add').mockImplementation(function (this: IDBObjectStore, ...given) {
      const request = add.apply(this, given);
      request.addEventListener('success', () => this.transaction.abort());
      return request;
    });
    await withLedger(async (ledger) => {
      expect(await ledger.enter(entryOf('1'), limits(1))).toEqual({ ok: false, fault: 'storage' });
      expect(await ledger.entries()).toEqual({ ok: true, value: [] });
    });
  });

  it('with an entry that it does not understand lets nothing through', async () => {
    const db = await openDB(DATABASE, 1, {
      upgrade: (fresh) => void fresh.createObjectStore('entries', { autoIncrement: true }),
    });
    await db.add('entries', { ...entryOf('1'), mechanism: { ...MECHANISM, mode: 'of a later version' } });
    db.close();
    await withLedger(async (ledger) => {
      expect(await ledger.entries()).toEqual({ ok: false, fault: 'storage' });
      expect(await ledger.enter(entryOf('2'), limits(9))).toEqual({ ok: false, fault: 'storage' });
    });
  });

  it('that cannot be opened lets nothing through', async () => {
    (await openDB(DATABASE, 7)).close();
    const ledger = new PrivacyLedger(DATABASE);
    expect(await ledger.enter(entryOf('1'), limits(9))).toEqual({ ok: false, fault: 'storage' });
    expect(await ledger.entries()).toEqual({ ok: false, fault: 'storage' });
  });

  it('lets nothing through where the browser has no IndexedDB, and does not throw', async () => {
    vi.stubGlobal('indexedDB', undefined);
    try {
      const ledger = new PrivacyLedger(DATABASE);
      expect(await ledger.entries()).toEqual({ ok: false, fault: 'storage' });
      expect(await ledger.enter(entryOf('1'), limits(9))).toEqual({ ok: false, fault: 'storage' });
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('stays when the demo data are deleted', async () => {
    await withLedger(async (ledger) => {
      await ledger.enter(entryOf('1'), limits(1));
      await new ChunkVault().clear();
      const all = await ledger.entries();
      expect(all.ok && all.value).toHaveLength(1);
    });
  });
});
