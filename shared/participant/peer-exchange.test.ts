import { beforeEach, describe, expect, it } from 'vitest';
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import type { Sid } from '../base/ids.ts';
import { seededRandom } from '../base/random.ts';
import { nobleSigner, type Signer } from '../crypto/identity.ts';
import { nobleSuite } from '../crypto/suite.ts';
import { encodeMessage } from '../protocol/codec.ts';
import { chainFor } from '../protocol/invitation.ts';
import { LINK_MS, MAX_LINKS } from '../protocol/limits.ts';
import type { Advertise, ToPeer } from '../protocol/messages/directions.ts';
import { linkBody } from '../protocol/transcript.ts';
import type { Seat } from '../round/client/types.ts';
import { PeerExchange } from './peer-exchange.ts';
import { RUN, TestClock, openInvitation, settle } from './testing.ts';

const random = seededRandom('peer exchange');
const SID = bytesToHex(random(32)) as Sid;
const ROOT = bytesToHex(random(32));

interface Member {
  readonly signer: Signer;
  readonly advertise: Advertise;
}

const members: readonly Member[] = await Promise.all(
  Array.from({ length: 40 }, async () => {
    const signer = nobleSigner(random(32));
    const chain = await chainFor(openInvitation, RUN, signer.publicKey);
    const [maskKey, sealKey, commitment, link] = [random(32), random(32), random(32), random(16)];
    const keys = { maskKey, sealKey, commitment, link, signature: new Uint8Array(64) };
    return {
      signer,
      advertise: { kind: 'advertise', sid: hexToBytes(SID), participant: signer.publicKey, chain, ...keys },
    } as const;
  }),
);

const member = (index: number): Member => members[index] as Member;
const linkOf = (index: number): string => bytesToHex(member(index).advertise.link);
const boxTo = (index: number) => new Uint8Array(80).fill(index + 1);

/** What a sound neighbour says first. */
async function greetingOf(from: number, to: number, changes: Partial<ToPeer & { kind: 'link' }> = {}) {
  const root = hexToBytes(ROOT);
  const signature = await member(from).signer.sign('link', linkBody(SID, root, from, to));
  const { advertise } = member(from);
  return { kind: 'link', sid: hexToBytes(SID), root, advertise, signature, ...changes } as const;
}

const shareOf = (from: number) => ({ kind: 'share', sid: hexToBytes(SID), sealed: boxTo(from) }) as const;

/** One participant of a complete roster of `size`, and everything it does. */
class Tab {
  readonly clock = new TestClock();
  readonly dialled: string[] = [];
  readonly relayed: number[] = [];
  readonly frames: { readonly peer: string; readonly bytes: Uint8Array }[] = [];
  readonly boxes: { readonly from: number; readonly sealed: Uint8Array }[] = [];
  /** Links that carry nothing. */
  readonly broken = new Set<string>();
  readonly exchange: PeerExchange;

  constructor(self: number, size: number) {
    const holders = Array.from({ length: size }, (_, index) => index);
    const neighbours = holders.filter((index) => index !== self);
    const seat: Seat = { root: ROOT, size, self, neighbours, holders, threshold: Math.floor(size / 2) + 1 };
    this.exchange = new PeerExchange(
      {
        sid: SID,
        seat,
        advertise: member(self).advertise,
        advertises: new Map(neighbours.map((index) => [index, member(index).advertise])),
        boxes: new Map(neighbours.map((index) => [index, boxTo(self)])),
      },
      {
        links: {
          localId: Promise.resolve(linkOf(self)),
          open: (peers) => void this.dialled.push(...peers),
          send: (peer, bytes) => {
            if (this.broken.has(peer)) return false;
            this.frames.push({ peer, bytes });
            return true;
          },
          close: () => {},
          closeAll: () => {},
          onEvent: () => {},
        },
        clock: this.clock,
        suite: nobleSuite,
        signer: member(self).signer,
        relay: (boxes) => void this.relayed.push(...boxes.map(({ to }) => to)),
        box: (from, sealed) => void this.boxes.push({ from, sealed }),
        sent: () => {},
        changed: () => {},
      },
    );
  }

  async hears(from: number, ...messages: readonly ToPeer[]): Promise<void> {
    for (const message of messages) this.exchange.receive(linkOf(from), encodeMessage(message));
    await settle();
  }
}

/** Everything that is on its way between two, until nothing is. */
async function talk(one: Tab, two: Tab, indices: readonly [number, number]): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    await settle();
    for (const { bytes } of one.frames.splice(0)) two.exchange.receive(linkOf(indices[0]), bytes);
    for (const { bytes } of two.frames.splice(0)) one.exchange.receive(linkOf(indices[1]), bytes);
  }
}

describe('boxes for neighbours', () => {
  let tab: Tab;
  beforeEach(() => {
    tab = new Tab(1, 4);
    tab.exchange.start(new Set());
  });

  it('LINK-1: the lower roster index dials, and both boxes go directly', async () => {
    const other = new Tab(2, 4);
    other.exchange.start(new Set());
    expect([tab.dialled, other.dialled]).toEqual([[linkOf(2), linkOf(3)], [linkOf(3)]]);
    tab.exchange.opened(linkOf(2));
    other.exchange.opened(linkOf(1));
    await talk(tab, other, [1, 2]);
    expect([tab.exchange.direct, other.exchange.direct]).toEqual([[2], [1]]);
    expect([tab.boxes, other.boxes]).toEqual([
      [{ from: 2, sealed: boxTo(2) }],
      [{ from: 1, sealed: boxTo(1) }],
    ]);
    expect([...tab.relayed, ...other.relayed]).toEqual([]);
  });

  it('LINK-1: what is not open after 5 s goes through the coordinator, once', async () => {
    await tab.hears(0, await greetingOf(0, 1), shareOf(0));
    await tab.clock.pass(LINK_MS - 1);
    expect(tab.relayed).toEqual([]);
    await tab.clock.pass(1);
    expect(tab.relayed).toEqual([2, 3]);
    expect([0, 2, 3].map((index) => tab.exchange.reachOf(index))).toEqual(['direct', 'relayed', 'relayed']);
    await tab.clock.pass(10 * LINK_MS);
    expect(tab.relayed).toEqual([2, 3]);
  });

  it('LINK-1: a link that breaks before a box was sent is given up at once', async () => {
    tab.broken.add(linkOf(2));
    tab.exchange.opened(linkOf(2));
    await settle();
    tab.exchange.lost(linkOf(3));
    expect(tab.relayed).toEqual([2, 3]);
  });

  it('LINK-1: in a larger roster those nearest on its ring are dialled, the others’ boxes are relayed', () => {
    const large = new Tab(0, 40);
    large.exchange.start(new Set());
    const near = (index: number) => Math.min(index, 40 - index) <= MAX_LINKS / 2;
    const others = Array.from({ length: 39 }, (_, index) => index + 1);
    expect(large.dialled).toEqual(others.filter(near).map(linkOf));
    expect(large.dialled).toHaveLength(MAX_LINKS);
    expect(large.relayed).toEqual(others.filter((index) => !near(index)));
  });

  it('after it has stopped, nothing goes out and nothing is heard', async () => {
    tab.exchange.stop();
    await tab.hears(0, await greetingOf(0, 1), shareOf(0));
    tab.exchange.opened(linkOf(2));
    await tab.clock.pass(LINK_MS);
    expect([tab.frames, tab.boxes, tab.relayed]).toEqual([[], [], []]);
  });
});

describe('a neighbour that breaks a rule on a direct connection', () => {
  const tampered = (signature: Uint8Array) => signature.map((byte, i) => (i === 40 ? byte ^ 1 : byte));

  it.each<[string, () => Promise<ToPeer>]>([
    ['LINK-2: has another roster', () => greetingOf(0, 1, { root: new Uint8Array(32) })],
    ['LINK-2: shows another’s keys', () => greetingOf(0, 1, { advertise: member(2).advertise })],
    [
      'LINK-2: shows keys that the roster does not list',
      () => greetingOf(0, 1, { advertise: { ...member(0).advertise, maskKey: random(32) } }),
    ],
    [
      'LINK-2: signed for another pair',
      async () => greetingOf(0, 1, { signature: (await greetingOf(0, 2)).signature }),
    ],
    [
      'LINK-2: did not sign this',
      async () => greetingOf(0, 1, { signature: tampered((await greetingOf(0, 1)).signature) }),
    ],
    ['LINK-2: sends its box before it has said who it is', async () => shareOf(0)],
  ])('%s: not read there any more, its box goes by the relay, and the others go on', async (_, first) => {
    const tab = new Tab(1, 4);
    tab.exchange.start(new Set());
    await tab.hears(0, await first(), await greetingOf(0, 1), shareOf(0));
    expect(tab.exchange.reachOf(0)).toBe('silent');
    expect(tab.boxes).toEqual([]);
    expect(tab.relayed).toEqual([0]);
    await tab.hears(2, await greetingOf(2, 1), shareOf(2));
    expect(tab.exchange.reachOf(2)).toBe('direct');
    expect(tab.boxes).toEqual([{ from: 2, sealed: boxTo(2) }]);
  });

  it('LINK-2: bytes that are no message', async () => {
    const tab = new Tab(1, 4);
    tab.exchange.start(new Set());
    tab.exchange.receive(linkOf(0), random(200));
    await settle();
    expect(tab.exchange.reachOf(0)).toBe('silent');
  });

  it('LINK-2: what is still on its way from an earlier attempt is no fault', async () => {
    const tab = new Tab(1, 4);
    tab.exchange.start(new Set());
    await tab.hears(0, { ...shareOf(0), sid: random(32) }, await greetingOf(0, 1), shareOf(0));
    expect(tab.exchange.reachOf(0)).toBe('direct');
    expect(tab.boxes).toHaveLength(1);
  });
});
