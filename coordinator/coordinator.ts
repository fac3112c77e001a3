/** The composition root: store, access, runs, HTTP and sockets on one port. Embedded by tests, demo and simulator. */
import { createServer, type Server } from 'node:http';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import type { RunSettingsInput } from '#shared/tasks/run.ts';
import { openAccess } from './access.ts';
import type { Config } from './config.ts';
import { createHttp } from './http.ts';
import { createLogger } from './logger.ts';
import type { Run } from './run.ts';
import { Runs } from './runs.ts';
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

/** Rejects with the system's error where the port is taken, and with a sentence where pages or data are missing. */
export async function createCoordinator(config: Config): Promise<Coordinator> {
  const logger = createLogger(config.logLevel);
  const store = openStore(config.dataFolder);
  const access = await openAccess(store, config.newToken);
  const coordinatorKey = await publicKeyOf(store);
  const { tasks, demoFolder, pagesFolder } = config;
  const runs = await Runs.open({ store, tasks, demoFolder, coordinatorKey, logger });
  const server = createServer(createHttp({ runs, store, access, tasks, demoFolder, pagesFolder, logger }));
  const sockets = attachUpgrades(server, runs);
  const release = async () => {
    await runs.close();
    await store.close();
  };
  try {
    await listen(server, config);
  } catch (error) {
    await release();
    throw error;
  }
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : config.port,
    freshToken: access.freshToken,
    openRun: () => runs.newestOpen(),
    createRun: async (settings) => {
      const created = await runs.create(settings);
      if (!created.ok) throw new Error(created.fault);
      return created.value;
    },
    close: async () => {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      await release();
    },
  };
}

function openStore(dataFolder: string | null): Store {
  if (dataFolder === null) return openSqliteStore(':memory:');
  mkdirSync(dataFolder, { recursive: true });
  return openSqliteStore(join(dataFolder, 'chorale.sqlite'));
}

/** Made at the first start. */
async function publicKeyOf(store: Store): Promise<Uint8Array<ArrayBuffer>> {
  let secretKey = await store.coordinatorKey();
  if (secretKey === null) {
    secretKey = ed25519.utils.randomSecretKey();
    await store.setCoordinatorKey(secretKey);
  }
  return new Uint8Array(ed25519.getPublicKey(secretKey));
}

const listen = (server: Server, { port, host }: Config) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
