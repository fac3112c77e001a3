/**
 * The signalling for tests in a browser: its own server on a free loopback port, given to them as `signalling`. Test
 * pages come from Vite's server, so the origin is not checked here; POST /drop closes every socket, as a restart does.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import express from 'express';
import type { TestProject } from 'vitest/node';
import { SIGNALLING_PATH, type PeerSettings } from '#shared/protocol/peer-settings.ts';
import { createLogger } from '../logger.ts';
import { openSignalling } from '../signalling.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly signalling: { readonly host: string; readonly settings: PeerSettings };
  }
}

export default async function start(project: TestProject): Promise<() => Promise<void>> {
  const server = createServer();
  const key = '0'.repeat(16);
  const options = { key, iceServers: [], logger: createLogger('silent') };
  let signalling = openSignalling(server, options);
  const app = express();
  app.post('/drop', (_request, response) => {
    signalling.close();
    signalling = openSignalling(server, options);
    response.status(204).end();
  });
  server.on('request', app);
  server.on('upgrade', (request, socket, head) => signalling.upgrade(request, socket, head));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port.');
  const host = `127.0.0.1:${address.port}`;
  project.provide('signalling', { host, settings: { path: SIGNALLING_PATH, key, iceServers: [] } });
  return async () => {
    signalling.close();
    server.close();
    await once(server, 'close');
  };
}
