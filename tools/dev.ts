/** `npm run dev`: the coordinator without pages, and Vite's server in front of it. Both end together. */
import { createServer } from 'vite';
import { DEFAULT_CONFIG, DEFAULT_PORT } from '../coordinator/config.ts';
import { createCoordinator } from '../coordinator/coordinator.ts';
import { prepareData } from './prepare-data.ts';

const DEVELOPMENT_RUN = { taskId: 'mnist', clients: 3, rounds: 10 };

prepareData();
const coordinator = await createCoordinator({
  ...DEFAULT_CONFIG,
  // vite.config.ts sends /api and /ws to this port.
  port: Number(process.env['CHORALE_PORT'] ?? DEFAULT_PORT),
  dataFolder: null,
  pagesFolder: null,
  logLevel: 'info',
});
const run = await coordinator.createRun(DEVELOPMENT_RUN);
const server = await createServer();
await server.listen();
server.printUrls();
const origin = server.resolvedUrls?.local[0]?.replace(/\/$/, '') ?? '';
process.stdout.write(
  `\n  admin        ${origin}/admin#${coordinator.freshToken}\n  invitation   ${origin}${run.invitations.joinPath}\n\n`,
);

const stop = () => void Promise.all([server.close(), coordinator.close()]).then(() => process.exit(0));
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
