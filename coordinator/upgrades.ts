/**
 * One router for every WebSocket upgrade: path and origin are checked before a server sees the request. (Two ws
 * servers attached to one HTTP server would answer each other's upgrades.)
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { MAX_FRAME_BYTES } from '#shared/protocol/limits.ts';
import { SIGNALLING_SOCKET_PATH } from '#shared/protocol/peer-settings.ts';
import type { Signalling } from './signalling.ts';
import { Session, type SessionPorts } from './socket.ts';

/** A browser names the page's origin; other clients name none. */
export function isSameOrigin(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

export function attachUpgrades(
  server: Server,
  ports: SessionPorts,
  signalling?: Signalling,
): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  sockets.on('connection', (socket) => new Session(socket, ports));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const url = URL.parse(request.url ?? '/', 'http://coordinator');
    if (url === null) return refuse(socket, '400 Bad Request');
    const asked = url.pathname === SIGNALLING_SOCKET_PATH ? signalling : undefined;
    if (url.pathname !== '/ws' && asked === undefined) return refuse(socket, '404 Not Found');
    if (!isSameOrigin(request)) return refuse(socket, '403 Forbidden');
    if (asked !== undefined) {
      const refusal = asked.refusal(url);
      return refusal === null ? asked.upgrade(request, socket, head) : refuse(socket, refusal);
    }
    sockets.handleUpgrade(request, socket, head, (accepted) => sockets.emit('connection', accepted, request));
  });
  return sockets;
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
