/**
 * All that a hostile coordinator can make of one honest tab: every state of its real machine that signed rosters,
 * U2, U3, grants, confirmations and outcomes lead to, in any order and as often as it likes, and what the tab gives
 * away in each. What the machine asks of its own driver is answered at once: waiting longer shows nothing more.
 */
import type { ParticipantId, Sid } from '../../base/ids.ts';
import { offer, policy, task } from '../client/examples.ts';
import { begin, isOver } from '../client/step.ts';
import type { ClientEvent, ClientState, ClientStep, Seat, SignedSet } from '../client/types.ts';
import { digestOf, plan, tabs } from '../coordinator/examples.ts';
import { NOTHING, type GivenAway, type Signature } from './knowledge.ts';

export type ClientMachine = (state: ClientState, event: ClientEvent) => ClientStep;

export interface HostileBounds {
  /** n; the first `honest` are honest and the others accomplices, who sign and deal whatever they are asked to. */
  readonly size: number;
  readonly honest: number;
  /** t, of the complete graph. */
  readonly threshold: number;
  /** Rosters of the same members that the coordinator signs for one sid. */
  readonly rosters: 1 | 2;
  /** Shares that it keeps from one tab, at most. */
  readonly withheld: number;
  /** Ways out that show nothing more: without them a tab that stops is one that is asked nothing more. */
  readonly stops: boolean;
}

/** What has to be there for a move: shares dealt by honest tabs, or their signatures. */
export type Need =
  | { readonly kind: 'dealt'; readonly by: number; readonly root: string }
  | { readonly kind: 'signed'; readonly by: number; readonly what: Signature };

export interface Move {
  readonly name: string;
  readonly to: number;
  readonly need: Need | null;
}

export interface TabNode {
  readonly key: string;
  readonly given: GivenAway;
  /** A rule that no coordinator may make a tab break; null where it keeps them. */
  readonly broken: string | null;
  readonly moves: readonly Move[];
}

export const maskOf = (indices: Iterable<number>): number =>
  [...indices].reduce((mask, index) => mask | (1 << index), 0);
const indicesOf = (mask: number, size: number) =>
  Array.from({ length: size }, (_, index) => index).filter((index) => (mask >> index) & 1);
const set = (mask: number, size: number): SignedSet => ({ bits: `${mask}`, members: indicesOf(mask, size) });

interface Tab {
  readonly state: ClientState;
  readonly given: GivenAway;
  /** What it has signed last: confirmations are compared with it. */
  readonly signed: Signature | null;
  readonly timer: boolean;
  readonly broken: string | null;
}

/** Nodes of tab `self`, the first its start. */
export function hostileTab(self: number, bounds: HostileBounds, step: ClientMachine): readonly TabNode[] {
  const world = new TabWorld(self, bounds, step);
  const ids = new Map<string, number>();
  const found: Tab[] = [];
  const idOf = (tab: Tab): number => {
    const key = tabKey(tab);
    const known = ids.get(key);
    if (known !== undefined) return known;
    ids.set(key, found.length);
    return found.push(tab) - 1;
  };
  idOf(world.start());
  const nodes: TabNode[] = [];
  for (const [id, tab] of found.entries()) {
    const moves = world.moves(tab).map(({ name, need, next }) => ({ name, need, to: idOf(next) }));
    const shows = ({ to }: Move) => bounds.stops || !isIdle(tab, found[to]);
    const kept = moves.filter((move) => move.to !== id && shows(move));
    nodes.push({ key: tabKey(tab), given: tab.given, broken: tab.broken, moves: leastNeeds(kept) });
  }
  return nodes;
}

/** It has stopped, and shows what it showed before. */
const isIdle = (tab: Tab, next: Tab | undefined) =>
  next !== undefined && isOver(next.state) && next.given === tab.given && next.broken === tab.broken;

/** Of the moves to one node those that need the least. */
function leastNeeds(moves: readonly Move[]): readonly Move[] {
  const by = ({ need }: Move) => need?.by ?? 0;
  return moves.filter(
    (move, index) =>
      !moves.some(
        (other, place) =>
          other.to === move.to &&
          other.need?.kind === move.need?.kind &&
          (by(other) & by(move)) === by(other) &&
          (by(other) !== by(move) || place < index),
      ),
  );
}

type SignatureParts = [root: string, u2: number, u3: number];
const partsOf = ({ root, u2, u3 }: Signature): SignatureParts => [root, u2, u3];
/** It does not matter which of its signatures came first. */
const inOrder = (signatures: readonly SignatureParts[]) =>
  signatures.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** Equal for tabs that behave alike; of indices it has only masks (see `permutedKey`). */
function tabKey({ state, given, signed, broken }: Tab): string {
  const held = 'held' in state ? maskOf(state.held) : 0;
  const u2 = 'u2' in state ? maskOf(state.u2.members) : 0;
  const u3 = 'u3' in state ? maskOf(state.u3.members) : 0;
  const root = 'seat' in state ? state.seat.root : '';
  const kind = isOver(state) ? 'over' : state.kind;
  const { dealt, vector, confirmed, selfMaskShares, keyShares } = given;
  const last = signed === null || isOver(state) ? null : partsOf(signed);
  const masks = [held, u2, u3, vector ?? 0, selfMaskShares, keyShares];
  return JSON.stringify([kind, root, broken, dealt, last, inOrder(confirmed.map(partsOf)), masks]);
}

/** The key of the same tab where every index i is called `to[i]`. */
export function permutedKey(key: string, to: readonly number[]): string {
  const moved = (mask: number) => maskOf(indicesOf(mask, to.length).map((index) => to[index] ?? index));
  const renamed = ([root, u2, u3]: SignatureParts): SignatureParts => [root, moved(u2), moved(u3)];
  type Parts = [
    string,
    string,
    string | null,
    string | null,
    SignatureParts | null,
    SignatureParts[],
    number[],
  ];
  const [kind, root, broken, dealt, last, confirmed, masks] = JSON.parse(key) as Parts;
  const now = last === null ? null : renamed(last);
  return JSON.stringify([kind, root, broken, dealt, now, inOrder(confirmed.map(renamed)), masks.map(moved)]);
}

const including = (signed: readonly Signature[], what: Signature): readonly Signature[] =>
  signed.some((other) => JSON.stringify(other) === JSON.stringify(what)) ? signed : [...signed, what];

class TabWorld {
  readonly #self: number;
  readonly #bounds: HostileBounds;
  readonly #step: ClientMachine;
  readonly #ids: readonly ParticipantId[];

  constructor(self: number, bounds: HostileBounds, step: ClientMachine) {
    this.#self = self;
    this.#bounds = bounds;
    this.#step = step;
    this.#ids = tabs(bounds.size);
  }

  start(): Tab {
    const terms = { ...offer, invited: this.#bounds.size };
    const sid: Sid = plan.sid;
    const begun = begin(this.#ids[this.#self] as ParticipantId, sid, terms, task, policy);
    const tab = { state: begun.state, given: NOTHING, signed: null, timer: false, broken: null };
    return this.#settle(tab, begun);
  }

  moves(tab: Tab): { readonly name: string; readonly need: Need | null; readonly next: Tab }[] {
    const { size } = this.#bounds;
    const all = Array.from({ length: 1 << size }, (_, mask) => mask);
    const plain: ClientEvent[] = [
      ...this.#rosters(),
      ...all.map((mask): ClientEvent => ({ kind: 'mask-request', u2: set(mask, size) })),
      ...all.map((mask): ClientEvent => ({ kind: 'unmask-request', u3: set(mask, size) })),
      { kind: 'upload-grant', nextChunk: 0 },
      { kind: 'result', modelHash: plan.modelHash, survivors: size },
      { kind: 'abort', code: 'stopped', detail: '' },
      { kind: 'dismissed', detail: '' },
      { kind: 'peers-gone', gone: [] },
      { kind: 'reconnected' },
      { kind: 'deadline' },
      { kind: 'leave' },
    ];
    return [
      ...plain.map((event) => ({ name: this.#name(event), need: null, next: this.#take(tab, event) })),
      ...this.#confirmations(tab, all),
      ...this.#shares(tab, all),
    ];
  }

  #rosters(): ClientEvent[] {
    const entries = this.#ids.map((participant) => ({ participant, digest: digestOf(participant) }));
    const roots = ['r', 's'].slice(0, this.#bounds.rosters);
    const withoutIt = entries.filter((_, index) => index !== this.#self);
    return [
      ...roots.map((root): ClientEvent => ({ kind: 'roster', root, entries })),
      { kind: 'roster', root: 'without it', entries: withoutIt },
    ];
  }

  /** Signatures of accomplices are there for the asking; those of honest tabs are over what they have confirmed. */
  #confirmations(tab: Tab, all: readonly number[]) {
    const { size, honest } = this.#bounds;
    const what = tab.signed;
    const everyHonest = (1 << honest) - 1;
    return all.map((mask) => {
      const event: ClientEvent = { kind: 'confirmations', valid: indicesOf(mask, size) };
      const by = mask & everyHonest & ~(1 << this.#self);
      const need: Need | null = what === null || by === 0 ? null : { kind: 'signed', by, what };
      return { name: this.#name(event), need, next: this.#take(tab, event) };
    });
  }

  /** Some shares come, and the others never. */
  #shares(tab: Tab, all: readonly number[]) {
    const { size, honest, withheld } = this.#bounds;
    const { state } = tab;
    if (state.kind !== 'sharing') return [];
    const others = all.filter((mask) => {
      const missing = size - 1 - indicesOf(mask, size).length;
      return ((mask >> this.#self) & 1) === 0 && missing <= withheld;
    });
    return others.map((mask) => {
      const events = indicesOf(mask, size).map((from): ClientEvent => ({ kind: 'share-held', from }));
      let next = events.reduce((now, event) => this.#take(now, event), tab);
      if (next.state.kind === 'sharing') next = this.#take(next, { kind: 'deadline' });
      const by = mask & ((1 << honest) - 1);
      const need: Need | null = by === 0 ? null : { kind: 'dealt', by, root: state.seat.root };
      return { name: `tab ${this.#self}: shares of ${indicesOf(mask, size).join()}`, need, next };
    });
  }

  #name(event: ClientEvent): string {
    const detail = 'u2' in event ? event.u2 : 'u3' in event ? event.u3 : null;
    const list = detail?.members ?? ('valid' in event ? event.valid : []);
    return `tab ${this.#self}: ${event.kind} ${'root' in event ? event.root : list.join()}`;
  }

  #take(tab: Tab, event: ClientEvent): Tab {
    return this.#settle(tab, this.#step(tab.state, event));
  }

  /** Takes up the effects and answers them as the driver would, until there is nothing to answer. */
  #settle(before: Tab, { state, effects }: ClientStep): Tab {
    let { given, signed, timer, broken } = before;
    const answers: ClientEvent[] = [];
    const wasOver = isOver(before.state);
    for (const effect of effects) {
      if (wasOver) broken = `${effect.kind} of a tab that has left`;
      if (effect.kind === 'start-timer') timer = true;
      if (effect.kind === 'cancel-timer') timer = false;
      const answer = this.#answer(effect.kind, state);
      if (answer !== null) answers.push(answer);
      if (effect.kind === 'exchange-shares') given = { ...given, dealt: effect.seat.root };
      if (effect.kind === 'upload' && 'u2' in state) given = { ...given, vector: maskOf(state.u2.members) };
      if (effect.kind === 'confirm' && 'seat' in state) {
        const { root } = state.seat;
        const what = { root, u2: maskOf(effect.u2.members), u3: maskOf(effect.u3.members) };
        signed = what;
        given = { ...given, confirmed: including(given.confirmed, what) };
      }
      if (effect.kind === 'reveal')
        given = {
          ...given,
          selfMaskShares: given.selfMaskShares | maskOf(effect.survivors),
          keyShares: given.keyShares | maskOf(effect.dropped),
        };
    }
    if (!isOver(state) && !timer) broken = `it waits in ${state.kind} without a timer`;
    const tab: Tab = { state, given, signed, timer, broken };
    return answers.reduce((now, answer) => this.#take(now, answer), tab);
  }

  #answer(asked: ClientStep['effects'][number]['kind'], state: ClientState): ClientEvent | null {
    switch (asked) {
      case 'train':
        return { kind: 'trained' };
      case 'make-keys':
        return { kind: 'keyed', digest: digestOf(this.#ids[this.#self] as ParticipantId) };
      case 'check-roster':
        return { kind: 'roster-checked', seat: this.#seat(state.kind === 'checking' ? state.root : '') };
      case 'mask':
        return { kind: 'masked' };
      case 'send-masked-ready':
        return { kind: 'upload-grant', nextChunk: 0 };
      case 'upload':
        return { kind: 'uploaded' };
      default:
        return null;
    }
  }

  #seat(root: string): Seat {
    const { size, threshold } = this.#bounds;
    const holders = Array.from({ length: size }, (_, index) => index);
    const neighbours = holders.filter((index) => index !== this.#self);
    return { root, size, self: this.#self, neighbours, holders, threshold };
  }
}
