/** One participant's part in one attempt, message by message; and a whole attempt, played by several. */
import { createHash } from 'node:crypto';
import { bytesToHex, hexToBytes } from '#shared/base/bytes.ts';
import type { Sid } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { seededRandom, systemRandom } from '#shared/base/random.ts';
import { nobleSuite } from '#shared/crypto/suite.ts';
import { packLanes } from '#shared/numeric/pack.ts';
import { addVector, bytesOfWords } from '#shared/numeric/ring.ts';
import { RosterCheck } from '#shared/participant/roster-check.ts';
import { bitsetOf, indicesOf } from '#shared/protocol/bitset.ts';
import { decodeOffer } from '#shared/protocol/codec.ts';
import type {
  Advertise,
  Offer,
  ToCoordinatorOf,
  ToParticipantOf,
} from '#shared/protocol/messages/directions.ts';
import {
  advertiseBody,
  confirmBody,
  rosterEntries,
  rosterRoot,
  sidOfOffer,
} from '#shared/protocol/transcript.ts';
import { chunksOf } from '#shared/protocol/upload-chunks.ts';
import { vectorBits, vectorOfUpdate } from '#shared/round/vector.ts';
import { RoundSecrets } from '#shared/round/secrets.ts';
import { ok } from '#shared/base/result.ts';
import type { VerifiedChain } from '#shared/protocol/invitation.ts';
import type { ScriptedParticipant } from './scripted-participant.ts';

export class ScriptedPart {
  #who: ScriptedParticipant;
  readonly offer: Offer;
  readonly sid: Sid;
  /** What it learnt, [d]. */
  readonly delta: Float32Array;
  /** The vector before it is masked, noise included where it adds some; never sent. */
  readonly words: Uint32Array;
  readonly secrets: RoundSecrets;
  #roster: RosterCheck | null = null;
  #u2: Uint8Array = new Uint8Array();
  readonly #held = new Set<number>();

  constructor(who: ScriptedParticipant, terms: Uint8Array) {
    this.#who = who;
    const offer = decodeOffer(terms);
    invariant(offer.ok, 'the coordinator offers what can be read');
    this.offer = offer.value;
    this.sid = sidOfOffer(terms, who.coordinatorKey);
    this.secrets = new RoundSecrets(this.sid, nobleSuite, systemRandom);
    const parameters = this.offer.privacy?.mechanism.parameters ?? this.offer.vectorWords - 1;
    const random = seededRandom(`${this.sid} ${who.id}`)(4 * parameters);
    // Any reals in the range, and any number of examples.
    this.delta = Float32Array.from(new Int32Array(random.buffer), (word) => word / 2 ** 31);
    const examples = 1 + ((random[0] ?? 0) % this.offer.weightMax);
    const { sid } = this;
    const quantized = vectorOfUpdate(
      { delta: this.delta, examples },
      { offer: offer.value, sid },
      { random: seededRandom(`noise ${sid} ${who.id}`) },
    );
    invariant(quantized.ok, 'a scripted update makes a vector');
    this.words = quantized.value;
  }

  /** Of the next offer that comes. */
  static async of(who: ScriptedParticipant): Promise<ScriptedPart> {
    return new ScriptedPart(who, (await who.next('offer')).terms);
  }

  get who(): ScriptedParticipant {
    return this.#who;
  }

  /** On another connection of the same identity. */
  continueAs(who: ScriptedParticipant): void {
    this.#who = who;
  }

  get sidBytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(hexToBytes(this.sid));
  }

  get seat() {
    invariant(this.#roster, 'it has seen the roster');
    return this.#roster.seat;
  }

  accept(): void {
    this.who.send({ kind: 'accept', sid: this.sidBytes });
  }

  async signedAdvertise(changes: Partial<Advertise> = {}): Promise<Advertise> {
    const { who } = this;
    const unsigned = { ...this.secrets.advertise(who.id, who.chain, new Uint8Array()), ...changes };
    const signature = await who.signer.sign(
      'advertise',
      advertiseBody({ ...unsigned, signature: new Uint8Array(64) }),
    );
    return { ...unsigned, signature };
  }

  async advertise(changes: Partial<Advertise> = {}): Promise<void> {
    this.who.send(await this.signedAdvertise(changes));
  }

  /** Waits for the roster and takes its seat in it. */
  async roster(): Promise<ToParticipantOf<'roster'>> {
    const message = await this.who.next('roster', this.sid);
    const entries = rosterEntries(message.list);
    invariant(entries.ok, 'the coordinator sends a roster');
    const checked = await RosterCheck.of(
      {
        self: this.who.id,
        offer: this.offer,
        root: bytesToHex(rosterRoot(this.sid, message.list)),
        entries: entries.value,
        advertises: message.advertises,
      },
      nobleSuite,
      // Invitations have tests of their own.
      () => ok({ kind: 'open', inviteKey: new Uint8Array(32) } as VerifiedChain),
    );
    invariant(checked.ok, 'the roster holds');
    this.#roster = checked.value;
    return message;
  }

  /** Deals its shares and sends them by the coordinator. */
  async share(): Promise<void> {
    invariant(this.#roster, 'it has seen the roster');
    const boxes = await this.secrets.deal(this.seat, this.#roster.advertises);
    invariant(boxes.ok, 'keys of a roster can be agreed with');
    const shares = [...boxes.value].map(([to, sealed]) => ({ to, sealed }));
    this.who.send({ kind: 'shares', sid: this.sidBytes, shares });
  }

  /** Waits for the shares of so many neighbours (all by default), and says whose it holds. */
  async reportShares(from = this.seat.neighbours.length): Promise<void> {
    while (this.#held.size < from) {
      const { shares } = await this.who.next('relayed', this.sid);
      for (const { from: dealer, sealed } of shares)
        if (this.secrets.keep(dealer, sealed)) this.#held.add(dealer);
    }
    const own = this.seat.holders.includes(this.seat.self) ? [this.seat.self] : [];
    this.#held.add(own[0] ?? this.seat.neighbours[0] ?? 0);
    const held = bitsetOf([...this.#held], this.seat.size);
    this.who.send({ kind: 'shared', sid: this.sidBytes, held, direct: bitsetOf([], this.seat.size) });
  }

  /** Waits for U2; the masked vector for it, packed. */
  async mask(): Promise<Uint8Array<ArrayBuffer>> {
    const { u2 } = await this.who.next('mask-request', this.sid);
    this.#u2 = u2;
    const members = this.members(u2);
    const words = this.words.slice();
    const peers = this.seat.neighbours.filter((peer) => members.includes(peer));
    const masked = await this.secrets.mask(words, peers, async () => {});
    invariant(masked.ok, 'keys of a roster can be agreed with');
    return packLanes(words, this.laneBits);
  }

  get laneBits(): number {
    return vectorBits(this.offer);
  }

  members(bits: Uint8Array): readonly number[] {
    const members = indicesOf(bits, this.seat.size);
    invariant(members.ok, 'the coordinator sends sets of the roster');
    return members.value;
  }

  chunks(packed: Uint8Array<ArrayBuffer>): ToCoordinatorOf<'masked'>[] {
    const chunks = [...chunksOf(packed, this.laneBits, nobleSuite.sha256)];
    return chunks.map((chunk) => ({ kind: 'masked', sid: this.sidBytes, ...chunk }));
  }

  /** Says that it is ready, and waits for its turn. */
  async turn(): Promise<number> {
    this.who.send({ kind: 'masked-ready', sid: this.sidBytes });
    return (await this.who.next('upload-grant', this.sid)).nextChunk;
  }

  /** The whole masked vector, in its turn. */
  async upload(packed: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.turn();
    for (const chunk of this.chunks(packed)) this.who.send(chunk);
  }

  async confirm(): Promise<readonly number[]> {
    const { u3 } = await this.who.next('unmask-request', this.sid);
    const root = hexToBytes(this.seat.root);
    const signature = await this.who.signer.sign('confirm', confirmBody(this.sid, root, this.#u2, u3));
    this.who.send({ kind: 'confirm', sid: this.sidBytes, signature });
    return this.members(u3);
  }

  /** Waits for the confirmations, and reveals its shares for this U3. */
  async reveal(u3: readonly number[]): Promise<void> {
    await this.who.next('confirmations', this.sid);
    const asked = this.members(this.#u2).filter((member) => this.#held.has(member));
    const survivors = asked.filter((member) => u3.includes(member));
    const dropped = asked.filter((member) => !u3.includes(member));
    const shares = [...this.secrets.reveal(survivors, dropped)];
    this.who.send({ kind: 'reveal', sid: this.sidBytes, shares });
  }

  result(): Promise<ToParticipantOf<'result'>> {
    return this.who.next('result', this.sid);
  }

  /** From the roster to its word on shares; `neighbours` of them deal. */
  async shareForRoster(neighbours?: number): Promise<void> {
    await this.roster();
    await this.share();
    await this.reportShares(neighbours);
  }

  async uploadForRoster(): Promise<void> {
    await this.shareForRoster();
    await this.upload(await this.mask());
  }

  async unmask(): Promise<void> {
    await this.reveal(await this.confirm());
  }
}

/** All take the next offer and have trained; the roster is on its way to them. */
export async function trainedParts(everyone: readonly ScriptedParticipant[]): Promise<ScriptedPart[]> {
  const parts = await Promise.all(everyone.map((who) => ScriptedPart.of(who)));
  for (const part of parts) part.accept();
  for (const part of parts) await part.advertise();
  return parts;
}

/** All masked vectors are in and confirmed and revealed; everyone's result. */
export async function finishParts(parts: readonly ScriptedPart[]): Promise<ToParticipantOf<'result'>[]> {
  await Promise.all(parts.map((part) => part.unmask()));
  return Promise.all(parts.map((part) => part.result()));
}

/** A whole attempt in which everybody does its part; everyone's result. */
export async function playRound(everyone: readonly ScriptedParticipant[]) {
  const parts = await trainedParts(everyone);
  await Promise.all(parts.map((part) => part.uploadForRoster()));
  const results = await finishParts(parts);
  return { parts, results, plainSumHash: plainSumHash(parts) };
}

/** SHA-256 of the sum of the updates as they were before they were masked, modulo 2^W, hex. */
export function plainSumHash(parts: readonly ScriptedPart[]): string {
  const sum = new Uint32Array(parts[0]?.words.length ?? 0);
  for (const { words } of parts) addVector(sum, words);
  const spare = 32 - (parts[0]?.laneBits ?? 32);
  const lanes = sum.map((word) => (word << spare) >>> spare);
  return createHash('sha256').update(bytesOfWords(lanes)).digest('hex');
}
