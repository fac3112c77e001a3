/**
 * How the sealed shares of one attempt reach the neighbours: directly where a connection opens, else through the
 * coordinator, sealed the same. Everything on a direct connection is signed or sealed; a peer that breaks a rule
 * there counts as silent, and the round goes on (LINK).
 */
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import type { Sid } from '../base/ids.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Signer } from '../crypto/identity.ts';
import { decodeToPeer, encodeMessage } from '../protocol/codec.ts';
import { LINK_MS, MAX_LINKS } from '../protocol/limits.ts';
import type { Advertise, ToPeer } from '../protocol/messages/directions.ts';
import { advertiseDigest, linkBody } from '../protocol/transcript.ts';
import type { Seat } from '../round/client/types.ts';
import type { PeerLinks } from './peer-links.ts';
import type { ClockPort } from './ports.ts';

export interface ExchangeTerms {
  readonly sid: Sid;
  readonly seat: Seat;
  /** Own, as it went to the coordinator. */
  readonly advertise: Advertise;
  /** Verified, of every neighbour. */
  readonly advertises: ReadonlyMap<number, Advertise>;
  /** One sealed box a neighbour. */
  readonly boxes: ReadonlyMap<number, Uint8Array<ArrayBuffer>>;
}

export interface ExchangePorts {
  readonly links: PeerLinks;
  readonly clock: ClockPort;
  readonly suite: CryptoSuite;
  readonly signer: Signer;
  /** Boxes for the coordinator to pass on. */
  relay(boxes: readonly { readonly to: number; readonly sealed: Uint8Array<ArrayBuffer> }[]): void;
  /** A box came, directly; it may not open. */
  box(from: number, sealed: Uint8Array): void;
  /** Bytes went to a peer directly. */
  sent(kind: ToPeer['kind'], bytes: number): void;
  changed(): void;
}

/** How a neighbour is reached; `silent`: it broke a rule on the direct connection. */
export type Reach = 'connecting' | 'direct' | 'relayed' | 'silent';

interface Peer {
  readonly index: number;
  /** Of its direct connections, hex; null where it has none, or too far along the ring. */
  readonly link: string | null;
  reach: Reach;
  /** Its own `link` message has been verified. */
  known: boolean;
  greeted: boolean;
}

export class PeerExchange {
  readonly #terms: ExchangeTerms;
  readonly #ports: ExchangePorts;
  readonly #peers: readonly Peer[];
  readonly #byLink: ReadonlyMap<string, Peer>;
  #cancelTimer: (() => void) | null = null;
  /** Messages of one peer are looked at in their order. */
  #inbox: Promise<void> = Promise.resolve();
  #over = false;

  constructor(terms: ExchangeTerms, ports: ExchangePorts) {
    this.#terms = terms;
    this.#ports = ports;
    this.#peers = terms.seat.neighbours.map((index) => {
      const link = this.#directLink(index);
      return { index, link, reach: link === null ? 'relayed' : 'connecting', known: false, greeted: false };
    });
    this.#byLink = new Map(this.#peers.flatMap((peer) => (peer.link === null ? [] : [[peer.link, peer]])));
  }

  /** `open` are the peers that a connection is open with already. */
  start(open: ReadonlySet<string>): void {
    const { links, clock } = this.#ports;
    this.#relay(this.#peers.filter((peer) => peer.reach === 'relayed'));
    const waiting = this.#peers.filter((peer) => peer.link !== null);
    // Between two, the lower roster index dials.
    links.open(
      waiting.flatMap(({ index, link }) =>
        link !== null && !open.has(link) && index > this.#terms.seat.self ? [link] : [],
      ),
    );
    for (const peer of waiting) if (peer.link !== null && open.has(peer.link)) this.opened(peer.link);
    if (waiting.length > 0)
      this.#cancelTimer = clock.after(LINK_MS, () => {
        this.#relay(this.#peers.filter((peer) => peer.reach === 'connecting'));
      });
    this.#ports.changed();
  }

  /** Links of this attempt's neighbours; connections to others are of no use now. */
  isNeighbour(link: string): boolean {
    return this.#byLink.has(link);
  }

  opened(link: string): void {
    const peer = this.#byLink.get(link);
    if (peer !== undefined && !this.#over) void this.#greet(peer, link);
  }

  /** Closed or never opened: the relay takes over where nothing was sent yet. */
  lost(link: string): void {
    const peer = this.#byLink.get(link);
    if (peer?.reach === 'connecting' && !this.#over) this.#relay([peer]);
  }

  receive(link: string, frame: Uint8Array): void {
    const peer = this.#byLink.get(link);
    if (peer === undefined || this.#over) return;
    this.#inbox = this.#inbox.then(() => this.#read(peer, frame));
  }

  reachOf(index: number): Reach | null {
    return this.#peers.find((peer) => peer.index === index)?.reach ?? null;
  }

  /** Roster indices that are reached directly. */
  get direct(): readonly number[] {
    return this.#peers.flatMap(({ index, reach }) => (reach === 'direct' ? [index] : []));
  }

  /** Sends again what may not have arrived by the relay. */
  relayAgain(): void {
    const boxes = this.#boxesOf(this.#peers.filter((peer) => peer.reach === 'relayed'));
    if (boxes.length > 0) this.#ports.relay(boxes);
  }

  stop(): void {
    this.#over = true;
    this.#cancelTimer?.();
  }

  /** LINK-1: up to MAX_LINKS a participant, those nearest in the roster seen as a ring. */
  #directLink(index: number): string | null {
    const { seat, advertises, advertise } = this.#terms;
    const link = advertises.get(index)?.link;
    if (link?.length !== 16 || advertise.link.length !== 16) return null;
    const apart = Math.abs(index - seat.self);
    return Math.min(apart, seat.size - apart) <= MAX_LINKS / 2 ? bytesToHex(link) : null;
  }

  async #greet(peer: Peer, link: string): Promise<void> {
    if (peer.greeted) return;
    peer.greeted = true;
    const { sid, seat, advertise, boxes } = this.#terms;
    const root = hexToBytes(seat.root);
    const signature = await this.#ports.signer.sign('link', linkBody(sid, root, seat.self, peer.index));
    const box = boxes.get(peer.index);
    if (this.#over || box === undefined) return;
    const greeting = { kind: 'link', sid: hexToBytes(sid), root, advertise, signature } as const;
    const sent =
      this.#send(link, greeting) && this.#send(link, { kind: 'share', sid: hexToBytes(sid), sealed: box });
    if (!sent && peer.reach === 'connecting') this.#relay([peer]);
  }

  #send(link: string, message: ToPeer): boolean {
    const frame = encodeMessage(message);
    const sent = this.#ports.links.send(link, frame);
    if (sent) this.#ports.sent(message.kind, frame.length);
    return sent;
  }

  async #read(peer: Peer, frame: Uint8Array): Promise<void> {
    const decoded = decodeToPeer(frame);
    if (this.#over || peer.reach === 'silent') return;
    if (!decoded.ok) return this.#silence(peer);
    const message = decoded.value;
    // Of an attempt that is over: on its way when this one began.
    if (bytesToHex(message.sid) !== this.#terms.sid) return;
    if (message.kind === 'share') {
      if (!peer.known) return this.#silence(peer);
      return this.#ports.box(peer.index, message.sealed);
    }
    if (!(await this.#isSound(peer, message))) return this.#silence(peer);
    if (this.#over) return;
    peer.known = true;
    if (peer.reach === 'connecting') peer.reach = 'direct';
    if (peer.link !== null) void this.#greet(peer, peer.link);
    this.#ports.changed();
  }

  /** LINK-2: the same roster, the keys that it lists, and a signature for this pair. */
  async #isSound(peer: Peer, message: Extract<ToPeer, { kind: 'link' }>): Promise<boolean> {
    const { sid, seat, advertises } = this.#terms;
    const listed = advertises.get(peer.index);
    if (listed === undefined || bytesToHex(message.root) !== seat.root) return false;
    if (advertiseDigest(message.advertise) !== advertiseDigest(listed)) return false;
    const body = linkBody(sid, hexToBytes(seat.root), peer.index, seat.self);
    const { signature } = message;
    const [valid] = await this.#ports.suite.verifyAll([
      { domain: 'link', body, signature, publicKey: listed.participant },
    ]);
    return valid === true;
  }

  #silence(peer: Peer): void {
    if (peer.reach === 'connecting') this.#relay([peer]);
    peer.reach = 'silent';
    this.#ports.changed();
  }

  #relay(peers: readonly Peer[]): void {
    if (this.#over) return;
    for (const peer of peers) peer.reach = 'relayed';
    const boxes = this.#boxesOf(peers);
    if (boxes.length > 0) this.#ports.relay(boxes);
    this.#ports.changed();
  }

  #boxesOf(peers: readonly Peer[]) {
    return peers.flatMap(({ index }) => {
      const sealed = this.#terms.boxes.get(index);
      return sealed === undefined ? [] : [{ to: index, sealed }];
    });
  }
}
