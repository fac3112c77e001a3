/** The composition root: store, access, runs, HTTP and sockets on one port. Embedded by tests, demo and simulator. */
import { createServer, type Server } from 'node:http';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import type { Signer } from '#shared/crypto/identity.ts';
import express from 'express';
import { bytesToHex } from '#shared/base/bytes.ts';
import type { RunSettingsInput } from '#shared/tasks/run.ts';
import { openAccess } from './access.ts';
import type { Config } from './config.ts';
import { openSslSigner } from './crypto/openssl-signer.ts';
import { openSslSuite } from './crypto/openssl-suite.ts';
import { createHttp } from './http.ts';
import { createLogger, type Logger } from './logger.ts';
import type { Run } from './run.ts';
import { Runs } from './runs.ts';
import { inlineScriptHashes } from './security-headers.ts';
import { openSignalling } from './signalling.ts';
import type { Ledger } from './store/ledger.ts';
import { openSqliteLedger } from './store/ledger-sqlite.ts';
import type { Store } from './store/port.ts';
import { openSqliteStore } from './store/sqlite.ts';
import { attachUpgrades } from './upgrades.ts';

export interface Coordinator {
  readonly port: number;
  /** The admin token where one was made at this start, else null. */
  readonly freshToken: string | null;
  /** The newest run that is not over. */
  openRun(): Run | undefined;
  /** Throws with a sentence where the settings are refused. */
  createRun(settings: RunSettingsInput): Promise<Run>;
  close(): Promise<void>;
}

/**
 * Rejects with the system's error where the port is taken, and with a sentence where pages are missing or the
 * data are in use. Nothing is stored before the port is ours.
 */
export async function createCoordinator(config: Config): Promise<Coordinator> {
  const logger = createLogger(config.logLevel);
  const scriptHashes = config.pagesFolder === null ? [] : inlineScriptHashes(config.pagesFolder);
  const server = createServer();
  await listen(server, config);
  try {
    return await open(server, config, scriptHashes, logger);
  } catch (error) {
    await shut(server);
    throw error;
  }
}

async function open(
  server: Server,
  config: Config,
  scriptHashes: readonly string[],
  logger: Logger,
): Promise<Coordinator> {
  const { tasks, demoFolder, pagesFolder, connection, iceServers } = config;
  const store = openStore(config.dataFolder);
  const ledger = openLedger(config.dataFolder);
  const signer = await signerOf(store);
  const suite = openSslSuite;
  const runs = await Runs.open({
    store,
    ledger,
    tasks,
    demoFolder,
    signer,
    suite,
    logger,
    graceMs: connection.graceMs,
  });
  const access = await openAccess(store, config.newToken);
  const app = createHttp({ runs, store, access, tasks, demoFolder, pagesFolder, scriptHashes, logger });
  // The key stays with the data, so that a tab that was open through a restart finds it again.
  const key = bytesToHex(signer.publicKey.subarray(0, 8));
  const signalling = openSignalling(server, { key, iceServers, logger });
  server.on('request', express().use(signalling.http, app));
  const sockets = attachUpgrades(
    server,
    { runs, coordinatorKey: signer.publicKey, suite, logger, ...connection },
    signalling,
  );
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  logger.info(`listening on ${config.host}, port ${port}`);
  return {
    port,
    freshToken: access.freshToken,
    openRun: () => runs.newestOpen(),
    createRun: async (settings) => {
      const created = await runs.create(settings);
      if (!created.ok) throw new Error(created.fault);
      return created.value;
    },
    close: async () => {
      // First, so that no socket that closes now counts as a participant that left.
      await runs.close();
      for (const socket of sockets.clients) socket.terminate();
      signalling.close();
      await shut(server);
      await store.close();
      await ledger.close();
    },
  };
}

const shut = (server: Server) =>
  new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

function openStore(dataFolder: string | null): Store {
  if (dataFolder === null) return openSqliteStore(':memory:');
  try {
    mkdirSync(dataFolder, { recursive: true });
  } catch (error) {
    throw new Error(`--data: ${dataFolder} cannot be made.`, { cause: error });
  }
  return openSqliteStore(join(dataFolder, 'chorale.sqlite'));
}

/** A file of its own, which every commit waits for. */
const openLedger = (dataFolder: string | null): Ledger =>
  openSqliteLedger(dataFolder === null ? ':memory:' : join(dataFolder, 'privacy-ledger.sqlite'));

/** Made at the first start. */
async function signerOf(store: Store): Promise<Signer> {
  let secretKey = await store.coordinatorKey();
  if (secretKey === null) {
    secretKey = ed25519.utils.randomSecretKey();
    await store.setCoordinatorKey(secretKey);
  }
  return openSslSigner(secretKey);
}

const listen = (server: Server, { port, host }: Config) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
