/** One attempt at a round of real sessions with a hostile coordinator, message by message. */
import { bytesToHex, hexToBytes } from '#shared/base/bytes.ts';
import { isParticipantId, isSid, type ParticipantId, type Sid } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { systemRandom } from '#shared/base/random.ts';
import type { SignatureDomain } from '#shared/crypto/identity.ts';
import { bitsetOf } from '#shared/protocol/bitset.ts';
import { encodeOffer } from '#shared/protocol/codec.ts';
import { DURATION_MS, MIN_COHORT } from '#shared/protocol/limits.ts';
import type {
  Advertise,
  Offer,
  ToParticipant,
  ToParticipantOf,
} from '#shared/protocol/messages/directions.ts';
import {
  advertiseDigest,
  outcomeBody,
  rosterBody,
  rosterList,
  rosterRoot,
  sidOfOffer,
  u2Body,
  u3Body,
} from '#shared/protocol/transcript.ts';
import { vectorWordsOf } from '#shared/round/vector.ts';
import { modelHashOf } from '#shared/tasks/parameters.ts';
import { HOSTILE_RUN, type HostileCoordinator } from './hostile-coordinator.ts';
import { MODEL, PARAMETERS, type HostileTab } from './hostile-tab.ts';
import { tinyTask } from './tiny-coordinator.ts';

export function hostileOffer(invited: number, changes: Partial<Offer> = {}): Offer {
  return {
    run: HOSTILE_RUN,
    round: 1,
    attempt: 1,
    nonce: new Uint8Array(systemRandom(32)),
    modelHash: hexToBytes(modelHashOf(MODEL)),
    taskId: tinyTask.id,
    training: tinyTask.training,
    quantization: tinyTask.quantization,
    weightMax: tinyTask.weightMax,
    invited,
    minCohort: MIN_COHORT,
    minSurvivors: MIN_COHORT,
    accomplices: 1,
    dropoutPerMille: 0,
    vectorWords: vectorWordsOf(null, PARAMETERS),
    privacy: null,
    seed: 1,
    durationsMs: DURATION_MS,
    ...changes,
  };
}

/** What is sent in place of the truth. */
export interface RosterLies {
  readonly list?: Uint8Array<ArrayBuffer>;
  readonly advertises?: readonly Advertise[];
}

/** One attempt; every method says what the coordinator does, to all tabs or to those named. */
export class HostileRound {
  readonly sid: Sid;
  readonly sidBytes: Uint8Array<ArrayBuffer>;
  readonly offered: ToParticipantOf<'offer'>;
  readonly #coordinator: HostileCoordinator;
  /** In the order of the roster, once they have advertised. */
  #tabs: readonly HostileTab[];
  #advertises: readonly Advertise[] = [];
  #u2: Uint8Array<ArrayBuffer> = new Uint8Array();

  private constructor(
    coordinator: HostileCoordinator,
    tabs: readonly HostileTab[],
    offered: ToParticipantOf<'offer'>,
  ) {
    this.#coordinator = coordinator;
    this.#tabs = tabs.toSorted((a, b) => (a.person.id < b.person.id ? -1 : 1));
    this.offered = offered;
    this.sid = sidOfOffer(offered.terms, coordinator.signer.publicKey);
    this.sidBytes = new Uint8Array(hexToBytes(this.sid));
    invariant(isSid(this.sid), 'a SHA-256 is a sid');
  }

  /** All have the offer, and all have trained and advertised. */
  static async begin(
    coordinator: HostileCoordinator,
    tabs: readonly HostileTab[],
    changes: Partial<Offer> = {},
  ): Promise<HostileRound> {
    const terms = encodeOffer(hostileOffer(tabs.length, changes));
    const signature = await coordinator.signer.sign('offer', terms);
    const round = new HostileRound(coordinator, tabs, { kind: 'offer', terms, signature });
    round.send(round.offered);
    round.#advertises = await Promise.all(
      round.#tabs.map(({ person }) => person.heardOf('advertise', round.sid)),
    );
    return round;
  }

  get tabs(): readonly HostileTab[] {
    return this.#tabs;
  }

  get everyone(): readonly number[] {
    return this.#tabs.map((_, index) => index);
  }

  get advertises(): readonly Advertise[] {
    return this.#advertises;
  }

  tab(index: number): HostileTab {
    const tab = this.#tabs[index];
    invariant(tab, 'it is in the roster');
    return tab;
  }

  send(message: ToParticipant, to: readonly HostileTab[] = this.#tabs): void {
    for (const { person } of to) person.send(message);
  }

  sign(domain: SignatureDomain, body: Uint8Array, by = this.#coordinator.signer) {
    return by.sign(domain, body);
  }

  // ── rosters ───────────────────────────────────────────────────────────────────────────────────

  get entries(): readonly Uint8Array<ArrayBuffer>[] {
    return this.#advertises.map((advertise) => entryOf(advertise));
  }

  get list(): Uint8Array<ArrayBuffer> {
    return concat(this.entries);
  }

  /** Of the true list. */
  get root(): Uint8Array {
    return rosterRoot(this.sid, this.list);
  }

  async roster({ list = this.list, advertises = this.#advertises }: RosterLies = {}): Promise<
    ToParticipantOf<'roster'>
  > {
    const signature = await this.sign('roster', rosterBody(this.sid, rosterRoot(this.sid, list)));
    return { kind: 'roster', sid: this.sidBytes, list, advertises: [...advertises], signature };
  }

  /** The true roster goes to all, their shares to each other, and all say whose they hold. */
  async share(): Promise<void> {
    this.send(await this.roster());
    await this.relay();
    await Promise.all(this.#tabs.map(({ person }) => person.heardOf('shared', this.sid)));
  }

  /** Every share that was sent goes where it should. */
  async relay(): Promise<void> {
    const dealt = await Promise.all(
      this.#tabs.map(async ({ person }) => (await person.heardOf('shares', this.sid)).shares),
    );
    this.#tabs.forEach(({ person }, to) => {
      const shares = dealt.flatMap((list, from) =>
        list.flatMap((share) => (share.to === to ? [{ from, sealed: share.sealed }] : [])),
      );
      person.send({ kind: 'relayed', sid: this.sidBytes, shares });
    });
  }

  // ── U2 and uploads ────────────────────────────────────────────────────────────────────────────

  set(members: readonly number[]): Uint8Array<ArrayBuffer> {
    return bitsetOf(members, this.#tabs.length);
  }

  async u2(members: readonly number[], root = this.root): Promise<ToParticipantOf<'mask-request'>> {
    const u2 = this.set(members);
    const signature = await this.sign('u2', u2Body(this.sid, root, u2));
    return { kind: 'mask-request', sid: this.sidBytes, u2, signature };
  }

  /** `members` mask and upload. */
  async upload(members = this.everyone): Promise<void> {
    const request = await this.u2(members);
    this.#u2 = this.set(members);
    const tabs = members.map((index) => this.tab(index));
    this.send(request, tabs);
    await Promise.all(tabs.map(({ person }) => person.heardOf('masked-ready', this.sid)));
    this.send({ kind: 'upload-grant', sid: this.sidBytes, nextChunk: 0 }, tabs);
    await Promise.all(tabs.map(({ person }) => person.heardOf('masked', this.sid)));
  }

  // ── U3 and shares ─────────────────────────────────────────────────────────────────────────────

  async u3(members: readonly number[], root = this.root): Promise<ToParticipantOf<'unmask-request'>> {
    const u3 = this.set(members);
    const signature = await this.sign('u3', u3Body(this.sid, root, this.#u2, u3));
    return { kind: 'unmask-request', sid: this.sidBytes, u3, signature };
  }

  /** `members` are asked and confirm. */
  async confirm(members = this.everyone): Promise<void> {
    const tabs = members.map((index) => this.tab(index));
    this.send(await this.u3(members), tabs);
    await Promise.all(tabs.map(({ person }) => person.heardOf('confirm', this.sid)));
  }

  /** What those named have confirmed. */
  confirmations(of: readonly number[]): ToParticipantOf<'confirmations'> {
    const signatures = of.map((from) => {
      const confirm = this.tab(from)
        .person.all('confirm')
        .find((message) => bytesToHex(message.sid) === this.sid);
      invariant(confirm, 'it has confirmed');
      return { from, signature: confirm.signature };
    });
    return { kind: 'confirmations', sid: this.sidBytes, signatures };
  }

  /** `members` are told that all of them confirmed, and reveal. */
  async reveal(members = this.everyone): Promise<void> {
    const tabs = members.map((index) => this.tab(index));
    this.send(this.confirmations(members), tabs);
    await Promise.all(tabs.map(({ person }) => person.heardOf('reveal', this.sid)));
  }

  async result(survivors = this.#tabs.length): Promise<ToParticipantOf<'result'>> {
    const hash = new Uint8Array(32);
    const unsigned = {
      kind: 'result',
      sid: this.sidBytes,
      sumHash: hash,
      modelHash: hash,
      survivors,
    } as const;
    return { ...unsigned, signature: await this.sign('outcome', outcomeBody(unsigned)) };
  }

  async abort(): Promise<ToParticipantOf<'abort'>> {
    const unsigned = { kind: 'abort', sid: this.sidBytes, code: 'too-few-shares', detail: '' } as const;
    return { ...unsigned, signature: await this.sign('outcome', outcomeBody(unsigned)) };
  }

  /** From where all have masked and uploaded to a signed result. */
  async finish(): Promise<void> {
    await this.confirm();
    await this.reveal();
    this.send(await this.result());
  }
}

export function entryOf(advertise: Advertise): Uint8Array<ArrayBuffer> {
  return rosterList([{ participant: idOf(advertise.participant), digest: advertiseDigest(advertise) }]);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat([...parts]));
}

function idOf(bytes: Uint8Array): ParticipantId {
  const id = bytesToHex(bytes);
  invariant(isParticipantId(id), 'an id has 32 bytes');
  return id;
}
