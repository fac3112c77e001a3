/** What the participants of one attempt have said that the machine only names, verified before it is kept. */
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import type { ParticipantId, Sid } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { addPacked, packedBytes } from '../numeric/pack.ts';
import { bitsetOf } from '../protocol/bitset.ts';
import { CHUNK_LANES } from '../protocol/limits.ts';
import type { Advertise, ToCoordinatorOf, ToParticipantOf } from '../protocol/messages/directions.ts';
import { advertiseBody, confirmBody, rosterList, rosterRoot } from '../protocol/transcript.ts';
import type { Cohort } from '../round/coordinator/types.ts';
import type { UnmaskTerms } from '../round/unmasking.ts';

type Relayed = ToParticipantOf<'relayed'>['shares'][number];

export class AttemptMessages {
  readonly #sid: Sid;
  readonly #suite: CryptoSuite;
  readonly #advertises = new Map<ParticipantId, Advertise>();
  readonly #relayed = new Map<number, Relayed[]>();
  readonly #confirmed = new Map<number, Uint8Array>();
  readonly #revealed = new Map<number, Map<number, Uint8Array>>();
  #cohort: Cohort | null = null;
  root: Uint8Array = new Uint8Array(32);
  #u2: Uint8Array = new Uint8Array();
  #u3: Uint8Array = new Uint8Array();

  constructor(sid: Sid, suite: CryptoSuite) {
    this.#sid = sid;
    this.#suite = suite;
  }

  async advertise(from: ParticipantId, message: Advertise): Promise<boolean> {
    const { signature, participant: publicKey } = message;
    const check = { domain: 'advertise', body: advertiseBody(message), signature, publicKey } as const;
    const [valid] = await this.#suite.verifyAll([check]);
    if (valid !== true || bytesToHex(publicKey) !== from) return false;
    if (!this.#advertises.has(from)) this.#advertises.set(from, message);
    return true;
  }

  seat(cohort: Cohort): void {
    this.#cohort = cohort;
    this.root = rosterRoot(this.#sid, rosterList(cohort.roster));
  }

  get cohort(): Cohort {
    invariant(this.#cohort, 'there is a roster');
    return this.#cohort;
  }

  indexOf(participant: ParticipantId): number {
    return this.cohort.roster.findIndex((entry) => entry.participant === participant);
  }

  #advertised(index: number): Advertise {
    const id = this.cohort.roster[index]?.participant;
    const advertise = id === undefined ? undefined : this.#advertises.get(id);
    invariant(advertise, 'every roster member has advertised');
    return advertise;
  }

  neighbours(participant: ParticipantId): Advertise[] {
    return (this.cohort.neighbours[this.indexOf(participant)] ?? []).map((index) => this.#advertised(index));
  }

  /** By receiver: to neighbours alone, and each pair's first. */
  relay(from: ParticipantId, { shares }: ToCoordinatorOf<'shares'>): ReadonlyMap<number, Relayed> {
    const sender = this.indexOf(from);
    const passed = new Map<number, Relayed>();
    for (const { to, sealed } of shares) {
      const before = this.#relayed.get(to) ?? [];
      const known = before.some((other) => other.from === sender);
      if (known || this.cohort.neighbours[sender]?.includes(to) !== true) continue;
      passed.set(to, { from: sender, sealed });
      this.#relayed.set(to, [...before, { from: sender, sealed }]);
    }
    return passed;
  }

  relayedTo(participant: ParticipantId): readonly Relayed[] {
    return this.#relayed.get(this.indexOf(participant)) ?? [];
  }

  sets(u2: readonly number[], u3: readonly number[] = []) {
    const size = this.cohort.roster.length;
    const sets = { u2: bitsetOf(u2, size), u3: bitsetOf(u3, size) };
    this.#u2 = sets.u2;
    this.#u3 = sets.u3;
    return sets;
  }

  async confirm(from: ParticipantId, { signature }: ToCoordinatorOf<'confirm'>): Promise<boolean> {
    const body = confirmBody(this.#sid, this.root, this.#u2, this.#u3);
    const publicKey = hexToBytes(from);
    const [valid] = await this.#suite.verifyAll([{ domain: 'confirm', body, signature, publicKey }]);
    if (valid === true) this.#confirmed.set(this.indexOf(from), signature);
    return valid === true;
  }

  confirmationsFor(participant: ParticipantId, confirmed: readonly number[]) {
    const own = this.indexOf(participant);
    return confirmed.flatMap((from) => {
      const signature = this.#confirmed.get(from);
      const counts = from !== own && this.cohort.holders[own]?.includes(from) === true;
      return counts && signature !== undefined ? [{ from, signature }] : [];
    });
  }

  takeShares(from: ParticipantId, { shares }: ToCoordinatorOf<'reveal'>): void {
    const holder = this.indexOf(from);
    for (const { of, share } of shares) {
      const known = this.#revealed.get(of) ?? new Map<number, Uint8Array>();
      this.#revealed.set(of, known.set(holder, share));
    }
  }

  get revealed(): ReadonlyMap<number, ReadonlyMap<number, Uint8Array>> {
    return this.#revealed;
  }

  unmaskTerms(survivors: readonly number[], dropped: readonly number[]): UnmaskTerms {
    const { roster, neighbours, parameters } = this.cohort;
    const advertised = roster.map((_, index) => this.#advertised(index));
    const { threshold } = parameters;
    return {
      sid: this.#sid,
      root: bytesToHex(this.root),
      threshold,
      neighbours,
      advertised,
      survivors,
      dropped,
    };
  }
}

/** Vectors on their way and the sum of those that are complete; everybody's turn is at once. */
export class AttemptUploads {
  readonly #laneBits: number;
  readonly #spools = new Map<ParticipantId, { readonly bytes: Uint8Array<ArrayBuffer>; next: number }>();
  /** Ring words, [vectorWords]. */
  readonly sum: Uint32Array<ArrayBuffer>;

  constructor(vectorWords: number, laneBits: number) {
    this.#laneBits = laneBits;
    this.sum = new Uint32Array(vectorWords);
  }

  /** The chunk that it goes on with. */
  grant(from: ParticipantId): number {
    const spool = this.#spools.get(from) ?? {
      bytes: new Uint8Array(packedBytes(this.sum.length, this.#laneBits)),
      next: 0,
    };
    this.#spools.set(from, spool);
    return spool.next;
  }

  withdraw(from: ParticipantId): void {
    this.#spools.delete(from);
  }

  /** `broken` where it is not the next chunk, or has another length. */
  take(from: ParticipantId, chunk: ToCoordinatorOf<'masked'>): 'ignored' | 'more' | 'complete' | 'broken' {
    const spool = this.#spools.get(from);
    if (spool === undefined || chunk.index < spool.next) return 'ignored';
    const start = chunk.index * packedBytes(CHUNK_LANES, this.#laneBits);
    const isLast = chunk.index === chunk.chunks - 1;
    const end = start + chunk.bytes.length;
    if (chunk.index !== spool.next || (isLast ? end !== spool.bytes.length : end >= spool.bytes.length))
      return 'broken';
    spool.bytes.set(chunk.bytes, start);
    spool.next++;
    if (!isLast) return 'more';
    this.#spools.delete(from);
    return addPacked(this.sum, spool.bytes, this.#laneBits, 0).ok ? 'complete' : 'broken';
  }

  freeze(): void {
    this.#spools.clear();
  }

  discard(): void {
    this.freeze();
    this.sum.fill(0);
  }
}
