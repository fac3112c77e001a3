/** The whole coordinator, opened and closed: what it finds of an earlier one, and what it does when its store fails. */
import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunView } from '#shared/protocol/api.ts';
import { DEFAULT_CONFIG } from './config.ts';
import { createCoordinator } from './coordinator.ts';
import { nobleSigner } from '#shared/crypto/identity.ts';
import { nobleSuite } from '#shared/crypto/suite.ts';
import { createLogger } from './logger.ts';
import { Runs } from './runs.ts';
import { hashOf, roundView, sidOf } from './store/contract.ts';
import { openSqliteLedger } from './store/ledger-sqlite.ts';
import { openSqliteStore } from './store/sqlite.ts';
import { ScriptedParticipant } from './testing/scripted-participant.ts';
import { ScriptedPart, trainedParts } from './testing/scripted-round.ts';
import { seen, startTinyCoordinator, tinyRun, tinyTask } from './testing/tiny-coordinator.ts';
import { attachUpgrades } from './upgrades.ts';

let dataFolder: string;
beforeEach(() => {
  dataFolder = mkdtempSync(join(tmpdir(), 'chorale-coordinator-'));
});
afterEach(() => rmSync(dataFolder, { recursive: true }));

const viewAt = async (origin: string, run: string) =>
  (await (await fetch(`${origin}/api/runs/${run}`)).json()) as RunView;

describe('a coordinator', () => {
  it('ABORT-3: closed in a round leaves it open for the next start to abort; nobody counts as having left', async () => {
    const first = await startTinyCoordinator({ dataFolder });
    const run = await first.createRun(tinyRun());
    const { id, invitation } = run.record;
    const everyone = await Promise.all(
      [1, 2, 3].map(() => new ScriptedParticipant({ port: first.port, run: id, invitation }).join()),
    );
    await run.start();
    const parts = await trainedParts(everyone);
    await Promise.all(parts.map((part) => part.shareForRoster()));
    const uploading = parts[0] ?? expect.unreachable();
    await uploading.upload(await uploading.mask());
    await seen(run, () => run.view().live.cohort.uploaded === 1);
    await first.close();
    for (const who of everyone) expect(who.heard).not.toContain('abort');

    const second = await startTinyCoordinator({ dataFolder });
    expect(second.freshToken).toBeNull();
    expect(second.openRun()?.record.id).toBe(id);
    expect(await viewAt(second.origin, id)).toMatchObject({
      rounds: [{ outcome: 'aborted', abortCode: 'coordinator-restarted', invited: 3, sid: parts[0]?.sid }],
      live: { state: 'running', phase: 'gathering', needed: 3 },
    });
    await second.close();
  });

  it('ends a run whose last round was stored just before a crash', async () => {
    const first = await startTinyCoordinator({ dataFolder });
    const { id } = (await first.createRun(tinyRun())).record;
    await first.close();
    const store = openSqliteStore(join(dataFolder, 'chorale.sqlite'));
    await store.setRunState(id, 'running', null);
    const [record] = await store.runs();
    const model = await store.model(record?.modelHash ?? hashOf('0'));
    await store.commitRound(
      id,
      roundView(sidOf('1'), { modelHash: record?.modelHash ?? null }),
      model ?? new Uint8Array(),
    );
    await store.close();

    const second = await startTinyCoordinator({ dataFolder });
    expect(second.openRun()).toBeUndefined();
    const view = await viewAt(second.origin, id);
    expect(view.live.state).toBe('done');
    expect(view.log.at(-1)?.text).toBe('All 1 rounds are done.');
    await second.close();
  });

  it('whose port is taken rejects with the system’s error and touches no data', async () => {
    const first = await startTinyCoordinator();
    const config = { ...DEFAULT_CONFIG, port: first.port, dataFolder, pagesFolder: null };
    await expect(createCoordinator(config)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await first.close();
    // The token is made by the first start that comes up.
    const second = await startTinyCoordinator({ dataFolder });
    expect(second.freshToken).toMatch(/^[\w-]{43}$/);
    await second.close();
  });

  it('whose data another uses says so, and frees its port again', async () => {
    const first = await startTinyCoordinator({ dataFolder });
    const { port } = await startTinyCoordinator().then(async (other) => {
      await other.close();
      return other;
    });
    await expect(startTinyCoordinator({ dataFolder, port })).rejects.toThrow(/in use by another Chorale/);
    const third = await startTinyCoordinator({ port });
    await third.close();
    await first.close();
  });

  it('refuses to create a run with a sentence', async () => {
    const coordinator = await startTinyCoordinator();
    await expect(coordinator.createRun(tinyRun({ clients: 2 }))).rejects.toThrow(/^clients: at least 3/);
    await coordinator.close();
  });
});

describe('a store that fails', () => {
  it('OUTCOME-1: ends the run for everyone before anybody is told a result', async () => {
    const store = openSqliteStore(':memory:');
    const full = async () => {
      throw new Error('the disk is full');
    };
    const logger = createLogger('silent');
    const signer = nobleSigner(new Uint8Array(32).fill(5));
    const runs = await Runs.open({
      store: { ...store, commitRound: full },
      ledger: openSqliteLedger(':memory:'),
      tasks: [tinyTask],
      demoFolder: dataFolder,
      signer,
      suite: nobleSuite,
      graceMs: 20,
      logger,
    });
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const sockets = attachUpgrades(server, {
      runs,
      coordinatorKey: signer.publicKey,
      suite: nobleSuite,
      logger,
      helloMs: 10_000,
      livenessMs: 10_000,
    });
    const created = await runs.create(tinyRun());
    if (!created.ok) throw new Error(created.fault);
    const run = created.value;
    const { id, invitation } = run.record;
    const everyone = await Promise.all(
      [1, 2, 3].map(() => new ScriptedParticipant({ port, run: id, invitation }).join()),
    );
    await run.start();
    const parts = await Promise.all(everyone.map((who) => ScriptedPart.of(who)));
    for (const part of parts) part.accept();
    for (const part of parts) await part.advertise();
    await Promise.all(parts.map((part) => part.uploadForRoster()));
    await Promise.all(parts.map((part) => part.unmask()));
    for (const who of everyone) {
      expect(await who.next('finished')).toMatchObject({ outcome: 'failed', rounds: 0 });
      expect(who.heard).not.toContain('result');
    }
    expect(run.record).toMatchObject({
      state: 'failed',
      endedBecause: 'The coordinator met an error of its own and cannot go on; its log says more.',
    });
    await runs.close();
    for (const socket of sockets.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
    await store.close();
  });
});
