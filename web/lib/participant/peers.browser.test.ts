/** Real connections between peers of one page, through a real signalling server (see its setup). */
import { afterEach, describe, expect, inject, it } from 'vitest';
import { Peer } from 'peerjs';
import { bytesToHex } from '#shared/base/bytes.ts';
import { systemRandom } from '#shared/base/random.ts';
import type { PeerLinkEvent } from '#shared/participant/peer-links.ts';
import { MAX_LINKS, MAX_PEER_FRAME_BYTES } from '#shared/protocol/limits.ts';
import { Peers } from './peers.ts';

const { host, settings } = inject('signalling');
const someId = () => bytesToHex(systemRandom(16));
const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0)) end();
});

/** Peers whose events are kept until they are asked for. */
class Tab {
  readonly peers: Peers;
  readonly #events: PeerLinkEvent[] = [];
  #wake: () => void = () => {};

  constructor(given = Promise.resolve<typeof settings | null>(settings), at = host) {
    this.peers = new Peers(given, at);
    this.peers.onEvent((event) => {
      this.#events.push(event);
      this.#wake();
    });
    ended.push(() => this.peers.closeAll());
  }

  async id(): Promise<string> {
    const id = await this.peers.localId;
    if (id === null) throw new Error('The signalling was not reached.');
    return id;
  }

  async next(): Promise<PeerLinkEvent> {
    while (this.#events.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#events.shift() as PeerLinkEvent;
  }

  get waiting(): readonly PeerLinkEvent[] {
    return this.#events;
  }
}

/** A dial of `one` to `other`, open on both sides. */
async function linked(one = new Tab(), other = new Tab()) {
  const [oneId, otherId] = [await one.id(), await other.id()];
  one.peers.open([otherId]);
  expect(await one.next()).toEqual({ kind: 'opened', peer: otherId });
  expect(await other.next()).toEqual({ kind: 'opened', peer: oneId });
  return { one, other, oneId, otherId };
}

/** A bare client of the library, that can do what Peers would not. */
async function stranger(): Promise<Peer> {
  const [name, port] = host.split(':');
  const peer = new Peer(someId(), {
    host: String(name),
    port: Number(port),
    path: settings.path,
    key: settings.key,
    token: someId(),
    config: { iceServers: [] },
  });
  ended.push(() => peer.destroy());
  await new Promise((resolve) => peer.on('open', resolve));
  return peer;
}

describe('direct connections', () => {
  it('carry bytes both ways, whole and in order', async () => {
    const { one, other, oneId, otherId } = await linked();
    const frames = Array.from({ length: 50 }, (_, i) => new Uint8Array(i * 83 + 1).fill(i));
    frames.push(new Uint8Array(MAX_PEER_FRAME_BYTES).fill(255));
    for (const bytes of frames) expect(one.peers.send(otherId, bytes)).toBe(true);
    for (const bytes of frames) expect(await other.next()).toEqual({ kind: 'message', peer: oneId, bytes });
    const answer = Uint8Array.of(1, 2, 3);
    expect(other.peers.send(oneId, answer)).toBe(true);
    expect(await one.next()).toEqual({ kind: 'message', peer: otherId, bytes: answer });
  });

  it('have random ids', async () => {
    const ids = await Promise.all([new Tab(), new Tab()].map((tab) => tab.id()));
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(ids).size).toBe(2);
  });

  it('carry nothing that is too long, and nothing where there is no link', async () => {
    const { one, other, oneId, otherId } = await linked();
    expect(one.peers.send(otherId, new Uint8Array(MAX_PEER_FRAME_BYTES + 1))).toBe(false);
    expect(one.peers.send(someId(), Uint8Array.of(1))).toBe(false);
    expect(one.peers.send(otherId, Uint8Array.of(9))).toBe(true);
    expect(await other.next()).toEqual({ kind: 'message', peer: oneId, bytes: Uint8Array.of(9) });
  });

  it('end for both where one closes, and are told to the other', async () => {
    const { one, other, oneId, otherId } = await linked();
    one.peers.close(otherId);
    expect(await other.next()).toEqual({ kind: 'closed', peer: oneId });
    expect(one.peers.send(otherId, Uint8Array.of(1))).toBe(false);
    expect(other.peers.send(oneId, Uint8Array.of(1))).toBe(false);
    expect(one.waiting).toEqual([]);
    await linked(one, other);
  });

  it('give one link where both dial at once', async () => {
    const [one, other] = [new Tab(), new Tab()];
    const [oneId, otherId] = [await one.id(), await other.id()];
    one.peers.open([otherId]);
    other.peers.open([oneId]);
    expect(await one.next()).toEqual({ kind: 'opened', peer: otherId });
    expect(await other.next()).toEqual({ kind: 'opened', peer: oneId });
    one.peers.send(otherId, Uint8Array.of(7));
    expect(await other.next()).toEqual({ kind: 'message', peer: oneId, bytes: Uint8Array.of(7) });
    expect(one.waiting).toEqual([]);
  });

  it('fail where nobody is', async () => {
    const tab = new Tab();
    const nobody = someId();
    tab.peers.open([nobody, 'no id']);
    expect(await tab.next()).toEqual({ kind: 'failed', peer: 'no id' });
    expect(await tab.next()).toEqual({ kind: 'failed', peer: nobody });
  });

  it(`are ${MAX_LINKS} at the most, whoever dials`, async () => {
    const tab = new Tab();
    const nobodies = Array.from({ length: MAX_LINKS + 1 }, someId);
    const peer = await stranger();
    tab.peers.open(nobodies);
    expect(await tab.next()).toEqual({ kind: 'failed', peer: nobodies.at(-1) });
    peer.connect(await tab.id(), { serialization: 'raw', reliable: true });
    for (const nobody of nobodies.slice(0, -1))
      expect(await tab.next()).toEqual({ kind: 'failed', peer: nobody });
    expect(tab.waiting).toEqual([]);
  });

  it('give nothing more once they are closed', async () => {
    const { one, other, oneId, otherId } = await linked();
    const heard: PeerLinkEvent[] = [];
    one.peers.onEvent((event) => {
      heard.push(event);
      one.peers.close(otherId);
    });
    for (let i = 0; i < 100; i++) other.peers.send(oneId, Uint8Array.of(i));
    expect(await other.next()).toEqual({ kind: 'closed', peer: oneId });
    expect(heard).toEqual([{ kind: 'message', peer: otherId, bytes: Uint8Array.of(0) }]);
  });
});

describe('a peer that misbehaves', () => {
  it.each([
    ['too much', new Uint8Array(MAX_PEER_FRAME_BYTES + 1)],
    ['text', 'text'],
  ])('and sends %s is let go', async (_what, sent) => {
    const tab = new Tab();
    const peer = await stranger();
    const connection = peer.connect(await tab.id(), { serialization: 'raw', reliable: true });
    expect(await tab.next()).toEqual({ kind: 'opened', peer: peer.id });
    await connection.send(sent);
    expect(await tab.next()).toEqual({ kind: 'closed', peer: peer.id });
  });

  it.each([
    ['another serialization', { serialization: 'binary', reliable: true }],
    ['no order', { serialization: 'raw', reliable: false }],
  ])('and dials with %s is not taken', async (_what, options) => {
    const tab = new Tab();
    const [bad, good] = [await stranger(), await stranger()];
    bad.connect(await tab.id(), options);
    good.connect(await tab.id(), { serialization: 'raw', reliable: true });
    expect(await tab.next()).toEqual({ kind: 'opened', peer: good.id });
    expect(tab.waiting).toEqual([]);
  });
});

describe('the signalling', () => {
  it('may go while links live on, and is found again', async () => {
    const { one, other, oneId, otherId } = await linked();
    await fetch(`http://${host}/drop`, { method: 'POST', mode: 'no-cors' });
    expect(one.peers.send(otherId, Uint8Array.of(1))).toBe(true);
    expect(await other.next()).toEqual({ kind: 'message', peer: oneId, bytes: Uint8Array.of(1) });
    const late = new Tab();
    await late.id();
    // The dial comes before the one that was lost is back, perhaps, and then waits for it at the server.
    late.peers.open([oneId]);
    expect(await late.next()).toEqual({ kind: 'opened', peer: oneId });
  });

  it.each([
    ['does not answer', () => new Tab(Promise.resolve(null))],
    ['refuses', () => new Tab(Promise.resolve({ ...settings, key: 'f'.repeat(16) }))],
    ['is not there', () => new Tab(undefined, '127.0.0.1:9')],
  ])('that %s leaves no direct connections, and every dial fails', async (_what, start) => {
    const tab = start();
    const peer = someId();
    tab.peers.open([peer]);
    expect(await tab.peers.localId).toBeNull();
    expect(await tab.next()).toEqual({ kind: 'failed', peer });
    expect(tab.peers.send(peer, Uint8Array.of(1))).toBe(false);
  });

  it('is not asked for where the browser has no WebRTC', async () => {
    const given = globalThis.RTCPeerConnection;
    Reflect.deleteProperty(globalThis, 'RTCPeerConnection');
    try {
      expect(await new Tab().peers.localId).toBeNull();
    } finally {
      globalThis.RTCPeerConnection = given;
    }
  });

  it('is left, with every link, by closing all', async () => {
    const { one, other, oneId, otherId } = await linked();
    one.peers.closeAll();
    expect(await other.next()).toEqual({ kind: 'closed', peer: oneId });
    one.peers.open([otherId]);
    other.peers.open([oneId]);
    expect(await other.next()).toEqual({ kind: 'failed', peer: oneId });
    expect(one.waiting).toEqual([]);
  });
});
