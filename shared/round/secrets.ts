/**
 * A participant's secrets of one attempt and what is done with them: keys and the seed of the self mask are made,
 * shared (Shamir), sealed to neighbours, used to mask, and shares of others are revealed. Secure aggregation's
 * double masks (Bonawitz et al. 2017, section 4): words + PRG(b) ± PRG(pair) for each neighbour in U2.
 *
 * It decides nothing: the machine (round/client) says when. Everything is zeroed by `erase`.
 */
import { concatBytes, hexToBytes } from '../base/bytes.ts';
import type { ParticipantId, Sid } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import type { RandomSource } from '../base/random.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { generateKeyPair, type KeyPair } from '../crypto/agreement.ts';
import { deriveKey, type KeyDomain } from '../crypto/derive.ts';
import { MaskBatch } from './mask-batch.ts';
import { seal, unseal } from '../crypto/seal.ts';
import { split } from '../crypto/shamir.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Advertise } from '../protocol/messages/directions.ts';
import { selfMaskCommitment, shareContext } from '../protocol/transcript.ts';
import type { Seat } from './client/types.ts';

const SECRET_BYTES = 32;

/** What one holder keeps for one dealer: a share of its self mask's seed, and one of its mask key. */
interface HeldShares {
  readonly blind: Uint8Array;
  readonly key: Uint8Array;
}

/** Public keys of a neighbour, from its verified advertise. */
export interface PeerKeys {
  readonly maskKey: Uint8Array;
  readonly sealKey: Uint8Array;
}

export class RoundSecrets {
  readonly #sid: Sid;
  readonly #suite: CryptoSuite;
  readonly #random: RandomSource;
  readonly #maskKeys: KeyPair;
  readonly #sealKeys: KeyPair;
  /** b. */
  readonly #selfSeed: Uint8Array;
  readonly #held = new Map<number, HeldShares>();
  /** Secrets of the sealing keys, by neighbour. */
  readonly #sealSecrets = new Map<number, Uint8Array>();
  #seat: Seat | null = null;
  #peers: ReadonlyMap<number, PeerKeys> = new Map();
  #revealed = false;
  #erased = false;

  constructor(sid: Sid, suite: CryptoSuite, random: RandomSource) {
    this.#sid = sid;
    this.#suite = suite;
    this.#random = random;
    this.#maskKeys = generateKeyPair(random);
    this.#sealKeys = generateKeyPair(random);
    this.#selfSeed = random(SECRET_BYTES);
  }

  /** All of an advertise but its signature. `link` is 16 bytes, or none where it cannot be reached directly. */
  advertise(participant: ParticipantId, chain: Uint8Array, link: Uint8Array): Omit<Advertise, 'signature'> {
    return {
      kind: 'advertise',
      sid: hexToBytes(this.#sid),
      participant: hexToBytes(participant),
      chain,
      maskKey: this.#maskKeys.publicKey,
      sealKey: this.#sealKeys.publicKey,
      commitment: selfMaskCommitment(this.#sid, this.#selfSeed),
      link,
    };
  }

  /**
   * Deals shares of both secrets to all holders, keeps its own, and seals one box a neighbour. `peers` are all of
   * the seat's neighbours. Rejects a neighbour with whom no secret can be agreed (its index), and any where all was
   * erased meanwhile.
   */
  async deal(
    seat: Seat,
    peers: ReadonlyMap<number, PeerKeys>,
  ): Promise<Result<ReadonlyMap<number, Uint8Array<ArrayBuffer>>, number>> {
    this.#seat = seat;
    this.#peers = peers;
    const { neighbours } = seat;
    const secrets = await this.#agree(this.#sealKeys, neighbours, ({ sealKey }) => sealKey);
    if (!secrets.ok) return secrets;
    secrets.value.forEach((secret, i) => this.#sealSecrets.set(neighbours[i] as number, secret));
    const xs = seat.holders.map((holder) => holder + 1);
    const blinds = split(this.#selfSeed, seat.threshold, xs, this.#random);
    const keys = split(this.#maskKeys.secretKey, seat.threshold, xs, this.#random);
    const boxes = new Map<number, Uint8Array<ArrayBuffer>>();
    seat.holders.forEach((holder, i) => {
      const [blind, key] = [blinds[i]?.bytes, keys[i]?.bytes];
      invariant(blind && key, 'a share a holder');
      if (holder === seat.self) return void this.#held.set(holder, { blind, key });
      const plaintext = concatBytes(blind, key);
      const box = seal(this.#sealKey(seat.self, holder), plaintext, this.#context(seat.self, holder));
      for (const bytes of [plaintext, blind, key]) bytes.fill(0);
      boxes.set(holder, box);
    });
    return ok(boxes);
  }

  /** Whether the neighbour's box opened; its shares are kept then. The first one of a neighbour counts. */
  keep(from: number, sealed: Uint8Array): boolean {
    const seat = this.#seat;
    if (seat === null || !this.#sealSecrets.has(from) || this.#held.has(from)) return false;
    const opened = unseal(this.#sealKey(from, seat.self), sealed, this.#context(from, seat.self));
    if (!opened.ok || opened.value.length !== 2 * SECRET_BYTES) return false;
    const blind = opened.value.slice(0, SECRET_BYTES);
    const key = opened.value.slice(SECRET_BYTES);
    opened.value.fill(0);
    this.#held.set(from, { blind, key });
    return true;
  }

  /**
   * Adds the self mask and the masks shared with `peers` (roster indices) to `words` in place. `pause` is awaited
   * between batches. Rejects a peer with whom no secret can be agreed: `words` must not be sent then.
   */
  async mask(
    words: Uint32Array,
    peers: readonly number[],
    pause: () => Promise<void>,
  ): Promise<Result<null, number>> {
    const seat = this.#seat;
    invariant(seat, 'it masks after it has shared');
    const secrets = await this.#agree(this.#maskKeys, peers, ({ maskKey }) => maskKey);
    if (!secrets.ok) return secrets;
    const batch = new MaskBatch(words, this.#suite.prg, pause);
    await batch.add({ seed: selfMaskSeed(this.#sid, seat.root, this.#selfSeed, seat.self), sign: 'add' });
    for (const [i, secret] of secrets.value.entries()) {
      const peer = peers[i] as number;
      const seed = maskSeed(this.#sid, seat.root, secret, seat.self, peer);
      secret.fill(0);
      await batch.add({ seed, sign: seat.self < peer ? 'add' : 'subtract' });
    }
    batch.finish();
    return ok(null);
  }

  /** The vector is masked: neither the mask key nor the seed of the self mask is needed again. */
  eraseMasking(): void {
    for (const bytes of [this.#maskKeys.secretKey, this.#selfSeed]) bytes.fill(0);
  }

  /** REVEAL-2: for each member its one share; once an attempt, whatever is asked. */
  reveal(
    survivors: readonly number[],
    dropped: readonly number[],
  ): readonly { readonly of: number; readonly share: Uint8Array }[] {
    invariant(!this.#revealed, 'shares are revealed once');
    invariant(!survivors.some((member) => dropped.includes(member)), 'one share a member');
    this.#revealed = true;
    const share = (of: number, kind: keyof HeldShares) => {
      const bytes = this.#held.get(of)?.[kind];
      invariant(bytes, 'it reveals shares that it holds');
      return { of, share: bytes.slice() };
    };
    return [...survivors.map((of) => share(of, 'blind')), ...dropped.map((of) => share(of, 'key'))];
  }

  erase(): void {
    this.#erased = true;
    this.eraseMasking();
    this.#sealKeys.secretKey.fill(0);
    for (const secret of this.#sealSecrets.values()) secret.fill(0);
    for (const { blind, key } of this.#held.values()) {
      blind.fill(0);
      key.fill(0);
    }
    this.#sealSecrets.clear();
    this.#held.clear();
  }

  async #agree(
    { secretKey }: KeyPair,
    peers: readonly number[],
    keyOf: (keys: PeerKeys) => Uint8Array,
  ): Promise<Result<readonly Uint8Array[], number>> {
    const keys = peers.map((peer) => {
      const known = this.#peers.get(peer);
      invariant(known, 'keys of neighbours are known');
      return keyOf(known);
    });
    const agreed = await this.#suite.agreement.agreeAll(secretKey, keys);
    const secrets = agreed.flatMap((result) => (result.ok ? [result.value] : []));
    const refused = agreed.findIndex((result) => !result.ok);
    // The attempt may have ended meanwhile: what was agreed for it is forgotten like the rest.
    if (this.#erased || refused >= 0) {
      for (const secret of secrets) secret.fill(0);
      return fail(peers[Math.max(0, refused)] ?? 0);
    }
    return ok(secrets);
  }

  /** The key of the one box from `from` to `to`, of which one is this participant. */
  #sealKey(from: number, to: number): Uint8Array {
    const seat = this.#seat;
    const secret = this.#sealSecrets.get(from === seat?.self ? to : from);
    invariant(seat && secret, 'sealing secrets are agreed before boxes are made');
    return derive(this.#sid, seat.root, secret, 'seal', [from, to]);
  }

  #context(from: number, to: number): Uint8Array {
    invariant(this.#seat, 'there is a roster');
    return shareContext(this.#sid, hexToBytes(this.#seat.root), from, to);
  }
}

function derive(
  sid: Sid,
  root: string,
  secret: Uint8Array,
  domain: KeyDomain,
  pair: readonly [number, number],
): Uint8Array {
  return deriveKey(secret, { domain, sid: hexToBytes(sid), root: hexToBytes(root), pair });
}

/** The stream key of the mask that two roster indices share. */
export function maskSeed(sid: Sid, root: string, secret: Uint8Array, a: number, b: number): Uint8Array {
  return derive(sid, root, secret, 'mask', [Math.min(a, b), Math.max(a, b)]);
}

/** The stream key of a self mask: of b, and its owner's roster index. */
export function selfMaskSeed(sid: Sid, root: string, selfSeed: Uint8Array, owner: number): Uint8Array {
  return derive(sid, root, selfSeed, 'self', [owner, owner]);
}
