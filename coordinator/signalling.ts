/**
 * Where tabs find each other for direct connections: PeerJS's server (`peer`) at /peer. It passes offers, answers
 * and candidates between tabs that know each other's random ids, and lists nobody.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import express, { type Express } from 'express';
import { ExpressPeerServer, type IClient, type PeerServerEvents } from 'peer';
import { WebSocketServer, type WebSocket } from 'ws';
import { MAX_COHORT, SEND_BUFFER_BYTES } from '#shared/protocol/limits.ts';
import {
  isLinkId,
  SIGNALLING_PATH,
  type IceServers,
  type PeerSettings,
} from '#shared/protocol/peer-settings.ts';
import type { Logger } from './logger.ts';
import { securityHeaders } from './security-headers.ts';
import { OwnTimers } from './own-timers.ts';

/** Tabs connected at one time, over all runs. */
const MAX_TABS = 2 * MAX_COHORT;
/** A session description for one data channel takes about 1 kB, a candidate 300 bytes. */
const MAX_SIGNAL_BYTES = 16_384;
/** A tab that dials 32 peers at once sends for each an offer and a candidate for each of its addresses. */
const MAX_SIGNALS_PER_SECOND = 500;

export interface SignallingOptions {
  /** Names this coordinator; 16 hex digits. */
  readonly key: string;
  readonly iceServers: IceServers;
  readonly logger: Logger;
}

export interface Signalling {
  /** Answers /peer and /api/peer-settings, and leaves the rest to what comes after. */
  readonly http: Express;
  /** Why an upgrade to SIGNALLING_SOCKET_PATH is refused, as an HTTP status; null where it is not. */
  refusal(url: URL): string | null;
  /** For an upgrade whose path, origin and refusal were checked. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

export function openSignalling(server: Server, { key, iceServers, logger }: SignallingOptions): Signalling {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_SIGNAL_BYTES,
    perMessageDeflate: false,
  });
  sockets.on('connection', limitRate);
  const http = express();
  http.use(securityHeaders([]));
  http.get('/api/peer-settings', (_request, response) => {
    const settings: PeerSettings = { path: SIGNALLING_PATH, key, iceServers: [...iceServers] };
    response.set('Cache-Control', 'no-store').json(settings);
  });
  const timers = new OwnTimers();
  timers.during(() => {
    const peers = ExpressPeerServer(server, {
      path: '/',
      key,
      allow_discovery: false,
      concurrent_limit: MAX_TABS,
      corsOptions: { origin: false },
      createWebSocketServer: () => sockets,
    });
    peers.disable('x-powered-by');
    dropStalled(peers);
    // Emitted for what cannot be read; without a listener it would be thrown. Its text quotes the message.
    peers.on('error', () => logger.info('a signalling message could not be read'));
    http.use(SIGNALLING_PATH, peers);
  });
  return {
    http,
    refusal: (url) => {
      const { searchParams: given } = url;
      if (given.get('key') !== key) return '403 Forbidden';
      if (!isLinkId(given.get('id') ?? '') || !isLinkId(given.get('token') ?? '')) return '400 Bad Request';
      return sockets.clients.size < MAX_TABS ? null : '503 Service Unavailable';
    },
    upgrade: (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, (accepted) =>
        sockets.emit('connection', accepted, request),
      ),
    close: () => {
      for (const socket of sockets.clients) socket.terminate();
      timers.end();
    },
  };
}

function limitRate(socket: WebSocket): void {
  let second = 0;
  let signals = 0;
  socket.on('message', () => {
    const now = Math.floor(performance.now() / 1_000);
    signals = now === second ? signals + 1 : 1;
    second = now;
    if (signals > MAX_SIGNALS_PER_SECOND) socket.terminate();
  });
}

/** A tab that does not read what others send it is let go, before what waits for it fills the memory. */
function dropStalled(peers: PeerServerEvents): void {
  const tabs = new Map<string, IClient>();
  peers.on('connection', (tab) => tabs.set(tab.getId(), tab));
  peers.on('disconnect', (tab) => tabs.delete(tab.getId()));
  peers.on('message', (_from, { dst }) => {
    const socket = tabs.get(dst)?.getSocket();
    if (socket && socket.bufferedAmount > SEND_BUFFER_BYTES) socket.terminate();
  });
}
