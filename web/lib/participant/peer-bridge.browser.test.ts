/** The worker's view of real direct connections, over real ports. */
import { afterEach, describe, expect, inject, it } from 'vitest';
import type { PeerLinkEvent, PeerLinks } from '#shared/participant/peer-links.ts';
import { MAX_PEER_FRAME_BYTES } from '#shared/protocol/limits.ts';
import { BridgedPeerLinks, servePeerLinks } from './peer-bridge.ts';
import { Peers } from './peers.ts';

const { host, settings } = inject('signalling');
const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0)) end();
});

function listen(links: PeerLinks) {
  const events: PeerLinkEvent[] = [];
  let wake = () => {};
  links.onEvent((event) => {
    events.push(event);
    wake();
  });
  return async (): Promise<PeerLinkEvent> => {
    while (events.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return events.shift() as PeerLinkEvent;
  };
}

/** A page's connections, and the worker's end of the bridge to them. */
function bridged() {
  const { port1, port2 } = new MessageChannel();
  const peers = new Peers(Promise.resolve(settings), host);
  ended.push(() => peers.closeAll());
  servePeerLinks(port1, peers);
  const links = new BridgedPeerLinks(port2);
  return { peers, links, next: listen(links) };
}

async function linked() {
  const [one, other] = [bridged(), bridged()];
  const [oneId, otherId] = [await one.links.localId, await other.links.localId];
  if (oneId === null || otherId === null) throw new Error('The signalling was not reached.');
  one.links.open([otherId]);
  expect(await one.next()).toEqual({ kind: 'opened', peer: otherId });
  expect(await other.next()).toEqual({ kind: 'opened', peer: oneId });
  return { one, other, oneId, otherId };
}

describe('through the bridge', () => {
  it('links open, carry bytes both ways and close', async () => {
    const { one, other, oneId, otherId } = await linked();
    const bytes = new Uint8Array(MAX_PEER_FRAME_BYTES).fill(3);
    expect(one.links.send(otherId, bytes)).toBe(true);
    expect(await other.next()).toEqual({ kind: 'message', peer: oneId, bytes });
    // The sender's bytes stay its own.
    expect(bytes.length).toBe(MAX_PEER_FRAME_BYTES);
    expect(other.links.send(oneId, Uint8Array.of(1))).toBe(true);
    expect(await one.next()).toEqual({ kind: 'message', peer: otherId, bytes: Uint8Array.of(1) });
    one.links.close(otherId);
    expect(one.links.send(otherId, bytes)).toBe(false);
    expect(await other.next()).toEqual({ kind: 'closed', peer: oneId });
    expect(other.links.send(oneId, bytes)).toBe(false);
  });

  it('nothing is sent that a peer would not read', async () => {
    const { one, otherId } = await linked();
    expect(one.links.send(otherId, new Uint8Array(MAX_PEER_FRAME_BYTES + 1))).toBe(false);
  });

  it('a send that the page cannot carry out ends the link', async () => {
    const { one, otherId } = await linked();
    one.peers.close(otherId);
    expect(one.links.send(otherId, Uint8Array.of(1))).toBe(true);
    expect(await one.next()).toEqual({ kind: 'closed', peer: otherId });
    expect(one.links.send(otherId, Uint8Array.of(1))).toBe(false);
  });

  it('closing all ends every link', async () => {
    const { one, other, oneId, otherId } = await linked();
    one.links.closeAll();
    expect(await other.next()).toEqual({ kind: 'closed', peer: oneId });
    expect(one.links.send(otherId, Uint8Array.of(1))).toBe(false);
  });

  it('unavailable connections are an id of null', async () => {
    const { port1, port2 } = new MessageChannel();
    servePeerLinks(port1, new Peers(Promise.resolve(null), host));
    expect(await new BridgedPeerLinks(port2).localId).toBeNull();
  });
});

describe('what was under way when the worker closed a link', () => {
  const peer = 'ab'.repeat(16);

  it('is not told, until the page has let go of it', async () => {
    const { port1: page, port2 } = new MessageChannel();
    const links = new BridgedPeerLinks(port2);
    const next = listen(links);
    const opened = { kind: 'opened', peer };
    const message = (byte: number) => ({ kind: 'message', peer, bytes: Uint8Array.of(byte) });
    page.postMessage(opened);
    expect(await next()).toEqual(opened);
    links.close(peer);
    links.close(peer);
    page.postMessage(message(1));
    page.postMessage({ kind: 'let-go', peer });
    page.postMessage(opened);
    page.postMessage({ kind: 'let-go', peer });
    // Of no link that is open.
    page.postMessage(message(2));
    page.postMessage({ kind: 'closed', peer });
    page.postMessage(opened);
    page.postMessage(message(3));
    expect(await next()).toEqual(opened);
    expect(await next()).toEqual(message(3));
    expect(links.send(peer, Uint8Array.of(1))).toBe(true);
  });
});
