/** Direct connections between tabs in memory: some open, some never do, some close midway. */
import { bytesToHex } from '../base/bytes.ts';
import { randomInteger, type RandomSource } from '../base/random.ts';
import type { PeerLinkEvent, PeerLinks } from '../participant/peer-links.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A dialled peer that has not answered by then never does. */
const DIAL_MS = 15_000;

interface Link {
  readonly ends: readonly [string, string];
  /** What each end has not seen yet. */
  readonly queues: readonly [PeerLinkEvent[], PeerLinkEvent[]];
  /** `silent`: it is dialled, and nobody answers. */
  state: 'dialling' | 'silent' | 'open' | 'closed';
}

/** One direction of a link that has something to deliver. */
export interface LinkDelivery {
  run(): void;
}

export class LinkHub {
  readonly #clock: VirtualClock;
  readonly #random: RandomSource;
  /** Of 100 dialled links, so many open. */
  readonly #openPercent: number;
  readonly #ends = new Map<string, (event: PeerLinkEvent) => void>();
  #links: Link[] = [];

  constructor(clock: VirtualClock, random: RandomSource, openPercent: number) {
    this.#clock = clock;
    this.#random = random;
    this.#openPercent = openPercent;
  }

  /** The links of one page load; `isReachable` where it has an id at which others dial it. */
  join(isReachable: boolean): { readonly links: PeerLinks; leave(): void } {
    const id = bytesToHex(this.#random(16));
    let listener: (event: PeerLinkEvent) => void = () => {};
    if (isReachable) this.#ends.set(id, (event) => listener(event));
    return {
      links: {
        localId: Promise.resolve(isReachable ? id : null),
        open: (peers) => {
          for (const peer of peers) this.#dial(id, peer);
        },
        send: (peer, bytes) => this.#send(id, peer, bytes),
        close: (peer) => this.#closeAll((link) => link.ends.includes(id) && link.ends.includes(peer), id),
        closeAll: () => this.#leave(id),
        onEvent: (next) => {
          listener = next;
        },
      },
      leave: () => this.#leave(id),
    };
  }

  /** Everything that may happen next on a link, one a direction. */
  get deliveries(): readonly LinkDelivery[] {
    return this.#links.flatMap((link) => [
      ...(link.state === 'dialling' ? [{ run: () => this.#answer(link) }] : []),
      ...([0, 1] as const).flatMap((end) =>
        link.queues[end].length > 0 ? [{ run: () => this.#deliver(link, end) }] : [],
      ),
    ]);
  }

  /** Closes one of the open links midway: some of what is on its way is lost. False where none is open. */
  breakOne(): boolean {
    const open = this.#links.filter((link) => link.state === 'open');
    const link = open[randomInteger(this.#random, Math.max(1, open.length))];
    if (link === undefined) return false;
    for (const queue of link.queues) queue.length = randomInteger(this.#random, queue.length + 1);
    this.#close(link);
    return true;
  }

  #dial(from: string, to: string): void {
    if (
      this.#links.some(
        (link) => link.ends.includes(from) && link.ends.includes(to) && link.state !== 'closed',
      )
    )
      return;
    const link: Link = { ends: [from, to], queues: [[], []], state: 'dialling' };
    this.#links.push(link);
    this.#clock.after(DIAL_MS, () => {
      if (link.state === 'dialling' || link.state === 'silent') this.#fail(link);
    });
    // Of those that do not open, half fail at once and half are silent.
    if (randomInteger(this.#random, 100) < this.#openPercent) return;
    if (randomInteger(this.#random, 2) === 0) this.#fail(link);
    else link.state = 'silent';
  }

  #answer(link: Link): void {
    if (!this.#ends.has(link.ends[1])) return this.#fail(link);
    link.state = 'open';
    for (const end of [0, 1] as const)
      link.queues[end].push({ kind: 'opened', peer: link.ends[end === 0 ? 1 : 0] });
  }

  #fail(link: Link): void {
    link.state = 'closed';
    link.queues[0].push({ kind: 'failed', peer: link.ends[1] });
  }

  #send(from: string, to: string, bytes: Uint8Array<ArrayBuffer>): boolean {
    const link = this.#links.find(
      (other) => other.state === 'open' && other.ends.includes(from) && other.ends.includes(to),
    );
    if (link === undefined) return false;
    link.queues[link.ends[0] === to ? 0 : 1].push({ kind: 'message', peer: from, bytes: bytes.slice() });
    return true;
  }

  #deliver(link: Link, end: 0 | 1): void {
    const event = link.queues[end].shift();
    if (event !== undefined) this.#ends.get(link.ends[end])?.(event);
    if (link.state === 'closed' && link.queues.every((queue) => queue.length === 0))
      this.#links = this.#links.filter((other) => other !== link);
  }

  /** Each end that has seen it open sees it close. */
  #close(link: Link): void {
    link.state = 'closed';
    for (const end of [0, 1] as const)
      link.queues[end].push({ kind: 'closed', peer: link.ends[end === 0 ? 1 : 0] });
  }

  /** `by` closes them itself and is told of none. */
  #closeAll(which: (link: Link) => boolean, by: string): void {
    for (const link of this.#links.filter(which)) {
      if (link.state === 'open') this.#close(link);
      else link.state = 'closed';
      link.queues[link.ends[0] === by ? 0 : 1].length = 0;
    }
  }

  #leave(id: string): void {
    this.#closeAll((link) => link.ends.includes(id), id);
    this.#ends.delete(id);
  }
}
