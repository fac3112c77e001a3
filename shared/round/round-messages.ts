/**
 * What one attempt's participants have said that the machine only names: advertises, sealed shares on their way,
 * confirmations, revealed shares. Signatures are verified before anything is kept.
 */
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import type { ParticipantId, Sid } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { bitsetOf } from '../protocol/bitset.ts';
import type { Advertise, ToCoordinatorOf, ToParticipantOf } from '../protocol/messages/directions.ts';
import { advertiseBody, confirmBody, rosterList, rosterRoot } from '../protocol/transcript.ts';
import type { Cohort } from './coordinator/types.ts';
import type { RevealedShares, UnmaskTerms } from './unmasking.ts';

type Relayed = ToParticipantOf<'relayed'>['shares'][number];

export class RoundMessages {
  readonly #sid: Sid;
  readonly #suite: CryptoSuite;
  readonly #invited: (chain: Uint8Array, participant: ParticipantId) => boolean;
  readonly #advertises = new Map<ParticipantId, Advertise>();
  readonly #relayed = new Map<number, Relayed[]>();
  readonly #confirmed = new Map<number, Uint8Array>();
  readonly #revealed = new Map<number, Map<number, Uint8Array>>();
  readonly #direct = new Map<number, number>();
  #cohort: Cohort | null = null;
  #root: Uint8Array = new Uint8Array(32);
  #u2: Uint8Array = new Uint8Array();
  #u3: Uint8Array = new Uint8Array();

  /** `invited` says whether an invitation leads to a participant. */
  constructor(
    sid: Sid,
    suite: CryptoSuite,
    invited: (chain: Uint8Array, participant: ParticipantId) => boolean,
  ) {
    this.#sid = sid;
    this.#suite = suite;
    this.#invited = invited;
  }

  /** Whether the advertise is its sender's, and its sender invited. */
  async isSound(from: ParticipantId, message: Advertise): Promise<boolean> {
    if (bytesToHex(message.participant) !== from || !this.#invited(message.chain, from)) return false;
    const [valid] = await this.#suite.verifyAll([
      {
        domain: 'advertise',
        body: advertiseBody(message),
        signature: message.signature,
        publicKey: message.participant,
      },
    ]);
    return valid === true;
  }

  /** The one that the machine took; the roster lists its digest. */
  keepAdvertise(from: ParticipantId, message: Advertise): void {
    this.#advertises.set(from, message);
  }

  seat(cohort: Cohort): void {
    this.#cohort = cohort;
    this.#root = rosterRoot(this.#sid, rosterList(cohort.roster));
  }

  /** 32 bytes. */
  get root(): Uint8Array {
    return this.#root;
  }

  get cohort(): Cohort {
    invariant(this.#cohort, 'there is a roster');
    return this.#cohort;
  }

  indexOf(participant: ParticipantId): number {
    return this.cohort.roster.findIndex((entry) => entry.participant === participant);
  }

  /** Advertises of the neighbours of a roster member. */
  neighbours(participant: ParticipantId): Advertise[] {
    const { roster, neighbours } = this.cohort;
    return (neighbours[this.indexOf(participant)] ?? []).map((index) => {
      const advertise = this.#advertises.get(roster[index]?.participant as ParticipantId);
      invariant(advertise, 'every roster member has advertised');
      return advertise;
    });
  }

  /** Sealed shares to pass on, by receiver: to neighbours alone, and each pair's first. */
  relay(from: ParticipantId, { shares }: ToCoordinatorOf<'shares'>): ReadonlyMap<number, Relayed> {
    const { neighbours } = this.cohort;
    const sender = this.indexOf(from);
    const passed = new Map<number, Relayed>();
    for (const { to, sealed } of shares) {
      const before = this.#relayed.get(to) ?? [];
      if (neighbours[sender]?.includes(to) !== true || before.some((other) => other.from === sender))
        continue;
      const share = { from: sender, sealed };
      this.#relayed.set(to, [...before, share]);
      passed.set(to, share);
    }
    return passed;
  }

  /** Everything that was relayed to one so far. */
  relayedTo(participant: ParticipantId): readonly Relayed[] {
    return this.#relayed.get(this.indexOf(participant)) ?? [];
  }

  /** Neighbours that one reached directly. */
  countDirect(from: ParticipantId, direct: number): void {
    this.#direct.set(this.indexOf(from), direct);
  }

  /** Pairs of the roster whose shares went without and through the coordinator, as both ends say. */
  get pairs(): { readonly direct: number; readonly relayed: number } {
    if (this.#cohort === null) return { direct: 0, relayed: 0 };
    const direct = Math.floor([...this.#direct.values()].reduce((sum, count) => sum + count, 0) / 2);
    const all = [...this.#direct.keys()].reduce(
      (sum, index) => sum + (this.cohort.neighbours[index]?.length ?? 0),
      0,
    );
    return { direct, relayed: Math.floor(all / 2) - direct };
  }

  /** The bytes of U2 and U3 as they are signed. */
  sets(
    u2: readonly number[],
    u3: readonly number[] = [],
  ): { u2: Uint8Array<ArrayBuffer>; u3: Uint8Array<ArrayBuffer> } {
    const size = this.cohort.roster.length;
    const bytes = { u2: bitsetOf(u2, size), u3: bitsetOf(u3, size) };
    this.#u2 = bytes.u2;
    this.#u3 = bytes.u3;
    return bytes;
  }

  /** Whether the signature is over this sid, roster, U2 and U3; kept then. */
  async confirm(from: ParticipantId, { signature }: ToCoordinatorOf<'confirm'>): Promise<boolean> {
    const body = confirmBody(this.#sid, this.#root, this.#u2, this.#u3);
    const publicKey = hexToBytes(from);
    const [valid] = await this.#suite.verifyAll([{ domain: 'confirm', body, signature, publicKey }]);
    if (valid === true) this.#confirmed.set(this.indexOf(from), signature);
    return valid === true;
  }

  /** Signatures of one's holders among `confirmed`; its own is not sent back. */
  confirmationsFor(participant: ParticipantId, confirmed: readonly number[]) {
    const own = this.indexOf(participant);
    const holders = this.cohort.holders[own] ?? [];
    return confirmed.flatMap((from) => {
      const signature = this.#confirmed.get(from);
      return from !== own && holders.includes(from) && signature ? [{ from, signature }] : [];
    });
  }

  takeShares(from: ParticipantId, { shares }: ToCoordinatorOf<'reveal'>): void {
    const holder = this.indexOf(from);
    for (const { of, share } of shares) {
      if (this.cohort.holders[of]?.includes(holder) !== true) continue;
      const known = this.#revealed.get(of) ?? new Map<number, Uint8Array>();
      known.set(holder, share);
      this.#revealed.set(of, known);
    }
  }

  get revealed(): RevealedShares {
    return this.#revealed;
  }

  unmaskTerms(survivors: readonly number[], dropped: readonly number[]): UnmaskTerms {
    const { roster, neighbours, parameters } = this.cohort;
    const advertised = roster.map(({ participant }) => {
      const advertise = this.#advertises.get(participant);
      invariant(advertise, 'every roster member has advertised');
      return advertise;
    });
    const { threshold } = parameters;
    const root = bytesToHex(this.#root);
    return { sid: this.#sid, root, threshold, neighbours, advertised, survivors, dropped };
  }

  /** Revealed shares are zeroed; the rest is public or sealed. */
  erase(): void {
    for (const shares of this.#revealed.values()) for (const share of shares.values()) share.fill(0);
    this.#revealed.clear();
    this.#relayed.clear();
  }
}
