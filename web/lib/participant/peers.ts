/**
 * The page's direct connections: PeerJS over the coordinator's signalling (a worker has no WebRTC). It knows no
 * protocol: bytes go out and come in. Nothing here throws or rejects; where WebRTC or the signalling is missing, the
 * local id is null and every dial fails.
 */
import type { DataConnection, Peer } from 'peerjs';
import * as v from 'valibot';
import { bytesToHex } from '#shared/base/bytes.ts';
import { systemRandom } from '#shared/base/random.ts';
import type { PeerLinkEvent, PeerLinks } from '#shared/participant/peer-links.ts';
import { LINK_MS, MAX_LINKS, MAX_PEER_FRAME_BYTES, SEND_BUFFER_BYTES } from '#shared/protocol/limits.ts';
import { isLinkId, peerSettings, type PeerSettings } from '#shared/protocol/peer-settings.ts';

/** The signalling is asked for again this long after it was lost; open links live on without it. */
const RETURN_MS = 2_000;

interface Link {
  readonly connection: DataConnection;
  readonly dialled: boolean;
  readonly deadline: ReturnType<typeof setTimeout>;
  opened: boolean;
}

/** Where this page's coordinator signals; null where it does not answer as it should. */
export async function fetchPeerSettings(): Promise<PeerSettings | null> {
  try {
    const response = await fetch('/api/peer-settings');
    const parsed = v.safeParse(peerSettings, await response.json());
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

export class Peers implements PeerLinks {
  readonly localId: Promise<string | null>;
  readonly #id = bytesToHex(systemRandom(16));
  readonly #links = new Map<string, Link>();
  #peer: Peer | null = null;
  #returning: ReturnType<typeof setTimeout> | null = null;
  #isOver = false;
  #listener: (event: PeerLinkEvent) => void = () => {};

  /** `host` is where the signalling is, as in a URL; the page's own. */
  constructor(settings: Promise<PeerSettings | null>, host = location.host) {
    this.localId = this.#start(settings, host);
  }

  onEvent(listener: (event: PeerLinkEvent) => void): void {
    this.#listener = listener;
  }

  open(peers: readonly string[]): void {
    void this.localId.then(() => peers.forEach((peer) => this.#dial(peer)));
  }

  send(peer: string, bytes: Uint8Array<ArrayBuffer>): boolean {
    const connection = this.#links.get(peer)?.connection;
    if (!connection?.open || bytes.length > MAX_PEER_FRAME_BYTES) return false;
    if (connection.dataChannel.bufferedAmount > SEND_BUFFER_BYTES) return false;
    void connection.send(bytes);
    return connection.open;
  }

  close(peer: string): void {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    this.#links.delete(peer);
    clearTimeout(link.deadline);
    link.connection.close();
  }

  closeAll(): void {
    this.#isOver = true;
    if (this.#returning !== null) clearTimeout(this.#returning);
    for (const peer of this.#links.keys()) this.close(peer);
    this.#peer?.destroy();
  }

  async #start(settings: Promise<PeerSettings | null>, host: string): Promise<string | null> {
    const given = await settings;
    if (given === null || typeof RTCPeerConnection !== 'function') return null;
    try {
      const library = await import('peerjs');
      if (this.#isOver) return null;
      const secure = location.protocol === 'https:';
      const { hostname, port } = new URL(`${location.protocol}//${host}`);
      this.#peer = new library.Peer(this.#id, {
        host: hostname,
        port: Number(port === '' ? (secure ? 443 : 80) : port),
        path: given.path,
        key: given.key,
        secure,
        token: bytesToHex(systemRandom(16)),
        config: { iceServers: given.iceServers },
      });
    } catch {
      return null;
    }
    return this.#opened(this.#peer);
  }

  /** The local id as soon as the signalling has it; null where the first attempt fails. */
  #opened(peer: Peer): Promise<string | null> {
    return new Promise((resolve) => {
      let wasOpen = false;
      peer.on('open', (id) => {
        wasOpen = true;
        resolve(id);
      });
      peer.on('close', () => resolve(null));
      // What fails one link, its deadline reports; what ends the signalling comes as `disconnected`.
      peer.on('error', () => {});
      peer.on('connection', (connection) => this.#take(connection));
      peer.on('disconnected', () => {
        if (!wasOpen) return peer.destroy();
        this.#returning = setTimeout(() => {
          if (peer.disconnected && !peer.destroyed) peer.reconnect();
        }, RETURN_MS);
      });
    });
  }

  #dial(peer: string): void {
    if (this.#links.has(peer) || this.#isOver) return;
    const connection =
      this.#peer === null || this.#peer.disconnected || this.#links.size >= MAX_LINKS || !isLinkId(peer)
        ? undefined
        : this.#peer.connect(peer, { serialization: 'raw', reliable: true });
    if (connection === undefined) return this.#listener({ kind: 'failed', peer });
    this.#add(connection, true);
  }

  /** What another dialled. A newer link replaces an older; where both dial, the dial of the lower id counts. */
  #take(connection: DataConnection): void {
    const { peer } = connection;
    const before = this.#links.get(peer);
    const isCrossing = before !== undefined && before.dialled && !before.opened;
    const hasRoom = before !== undefined || this.#links.size < MAX_LINKS;
    const isPlain = connection.serialization === 'raw' && connection.reliable;
    if (!isLinkId(peer) || !isPlain || !hasRoom || (isCrossing && this.#id < peer)) return connection.close();
    if (isCrossing) this.close(peer);
    else if (before !== undefined) this.#lose(before);
    this.#add(connection, isCrossing);
  }

  #add(connection: DataConnection, dialled: boolean): void {
    const { peer } = connection;
    const deadline = setTimeout(() => {
      if (!link.opened) this.#lose(link);
    }, LINK_MS);
    const link: Link = { connection, dialled, deadline, opened: false };
    this.#links.set(peer, link);
    connection.on('open', () => {
      link.opened = true;
      this.#tell(link, { kind: 'opened', peer });
    });
    connection.on('data', (data) => {
      if (!(data instanceof ArrayBuffer) || data.byteLength > MAX_PEER_FRAME_BYTES) return this.#lose(link);
      this.#tell(link, { kind: 'message', peer, bytes: new Uint8Array(data) });
    });
    connection.on('close', () => this.#lose(link));
    connection.on('error', () => this.#lose(link));
  }

  /** Of a link that was closed or replaced, nothing more is told. */
  #tell(link: Link, event: PeerLinkEvent): void {
    if (this.#links.get(event.peer) === link) this.#listener(event);
  }

  #lose(link: Link): void {
    const { peer } = link.connection;
    if (this.#links.get(peer) !== link) return;
    this.close(peer);
    if (link.opened) this.#listener({ kind: 'closed', peer });
    else if (link.dialled) this.#listener({ kind: 'failed', peer });
  }
}
