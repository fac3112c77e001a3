/**
 * The coordinator's part with shares: it rebuilds self-mask seeds of U3 and mask keys of those who dropped from
 * U2, checks each against what was advertised, and takes the masks off the sum. Where a secret does not match,
 * it decodes with errors (crypto/shamir) before it gives up.
 */
import { bytesToHex } from '../base/bytes.ts';
import type { Sid } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { publicKeyOf } from '../crypto/agreement.ts';
import { combine, decodeWithErrors, weightsAtZero, type Share } from '../crypto/shamir.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { selfMaskCommitment } from '../protocol/transcript.ts';
import { MaskBatch } from './mask-batch.ts';
import { maskSeed, selfMaskSeed } from './secrets.ts';

/** What a roster member advertised. */
export interface AdvertisedKeys {
  readonly maskKey: Uint8Array;
  readonly commitment: Uint8Array;
}

export interface UnmaskTerms {
  readonly sid: Sid;
  /** Hex. */
  readonly root: string;
  readonly threshold: number;
  /** Of each roster index. */
  readonly neighbours: readonly (readonly number[])[];
  readonly advertised: readonly AdvertisedKeys[];
  /** U3, ascending. */
  readonly survivors: readonly number[];
  /** U2 without U3, ascending. */
  readonly dropped: readonly number[];
}

/** Shares by whom they rebuild, then by holder (roster indices). */
export type RevealedShares = ReadonlyMap<number, ReadonlyMap<number, Uint8Array>>;

export interface RebuiltSecrets {
  readonly selfSeeds: ReadonlyMap<number, Uint8Array>;
  readonly maskKeys: ReadonlyMap<number, Uint8Array>;
  /** Roster indices [dealer, holder]: one of the two erred, and nobody can tell which. */
  readonly doubtful: readonly (readonly [number, number])[];
}

/** Rejects (with a sentence) where some secret cannot be had from the shares. */
export function rebuildSecrets(terms: UnmaskTerms, shares: RevealedShares): Result<RebuiltSecrets, string> {
  const weights = new WeightCache();
  const doubtful: (readonly [number, number])[] = [];
  const selfSeeds = new Map<number, Uint8Array>();
  const maskKeys = new Map<number, Uint8Array>();
  const rebuild = (of: number, matches: (secret: Uint8Array) => boolean): Uint8Array | null => {
    const given = [...(shares.get(of) ?? [])].map(([holder, bytes]) => ({ x: holder + 1, bytes }));
    return rebuildOne(given, terms.threshold, weights, matches, (x) => doubtful.push([of, x - 1]));
  };
  for (const of of terms.survivors) {
    const commitment = bytesToHex(keysOf(terms, of).commitment);
    const seed = rebuild(of, (secret) => bytesToHex(selfMaskCommitment(terms.sid, secret)) === commitment);
    if (seed === null)
      return fail('A self mask could not be rebuilt: its dealer or some holders gave wrong shares.');
    selfSeeds.set(of, seed);
  }
  for (const of of terms.dropped) {
    const publicKey = bytesToHex(keysOf(terms, of).maskKey);
    const key = rebuild(of, (secret) => bytesToHex(publicKeyOf(secret)) === publicKey);
    if (key === null)
      return fail('A mask key could not be rebuilt: its dealer or some holders gave wrong shares.');
    maskKeys.set(of, key);
  }
  return ok({ selfSeeds, maskKeys, doubtful });
}

/**
 * Takes all masks off `sum` (ring words, [vectorWords]) in place. `pause` is awaited between batches.
 * Rejects (with a sentence) where no secret can be agreed with a rebuilt key; the sum is spoilt then.
 */
export async function removeMasks(
  sum: Uint32Array,
  terms: UnmaskTerms,
  { selfSeeds, maskKeys }: RebuiltSecrets,
  suite: CryptoSuite,
  pause: () => Promise<void>,
): Promise<Result<null, string>> {
  const batch = new MaskBatch(sum, suite.prg, pause);
  for (const [owner, selfSeed] of selfSeeds)
    await batch.add({ seed: selfMaskSeed(terms.sid, terms.root, selfSeed, owner), sign: 'subtract' });
  const survivors = new Set(terms.survivors);
  for (const [gone, secretKey] of maskKeys) {
    const peers = (terms.neighbours[gone] ?? []).filter((peer) => survivors.has(peer));
    const agreed = await suite.agreement.agreeAll(
      secretKey,
      peers.map((peer) => keysOf(terms, peer).maskKey),
    );
    // Agreements take time as well.
    await pause();
    for (const [i, secret] of agreed.entries()) {
      if (!secret.ok) {
        batch.erase();
        return fail('No secret can be agreed with a rebuilt mask key.');
      }
      const peer = peers[i] as number;
      const seed = maskSeed(terms.sid, terms.root, secret.value, gone, peer);
      secret.value.fill(0);
      // The peer added it where its index is the lower one.
      await batch.add({ seed, sign: peer < gone ? 'subtract' : 'add' });
    }
  }
  batch.finish();
  return ok(null);
}

/** Zeroes what was rebuilt. */
export function eraseRebuilt({ selfSeeds, maskKeys }: RebuiltSecrets): void {
  for (const bytes of [...selfSeeds.values(), ...maskKeys.values()]) bytes.fill(0);
}

function keysOf(terms: UnmaskTerms, index: number): AdvertisedKeys {
  const keys = terms.advertised[index];
  invariant(keys, 'every roster member advertised');
  return keys;
}

function rebuildOne(
  shares: readonly Share[],
  threshold: number,
  weights: WeightCache,
  matches: (secret: Uint8Array) => boolean,
  onDoubt: (x: number) => void,
): Uint8Array | null {
  if (shares.length < threshold) return null;
  const first = shares.slice(0, threshold);
  const secret = combine(
    first.map((share) => share.bytes),
    weights.of(first.map((share) => share.x)),
  );
  if (matches(secret)) return secret;
  const decoded = decodeWithErrors(shares, threshold);
  if (!decoded.ok || !matches(decoded.value.secret)) return null;
  for (const x of decoded.value.wrong) onDoubt(x);
  return decoded.value.secret;
}

/** Lagrange weights once a set of holders: in a complete graph all secrets have the same. */
class WeightCache {
  readonly #known = new Map<string, Uint16Array>();

  of(xs: readonly number[]): Uint16Array {
    const key = xs.join();
    const known = this.#known.get(key);
    if (known) return known;
    const weights = weightsAtZero(xs);
    this.#known.set(key, weights);
    return weights;
  }
}
