/** Members of one roster with real keys, shares and masks, for tests of secrets and of unmasking. */
import { bytesToHex } from '../base/bytes.ts';
import { isParticipantId, type ParticipantId, type Sid } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { seededRandom } from '../base/random.ts';
import { nobleAgreement } from '../crypto/agreement.ts';
import { nobleSigner, type Signer } from '../crypto/identity.ts';
import { nobleSuite, type CryptoSuite } from '../crypto/suite.ts';
import { addVector } from '../numeric/ring.ts';
import type { Advertise } from '../protocol/messages/directions.ts';
import { advertiseDigest, rosterList, rosterRoot, sidOfOffer } from '../protocol/transcript.ts';
import type { Seat } from './client/types.ts';
import { neighbourhoods } from './graph.ts';
import type { GraphParameters } from './parameters.ts';
import { RoundSecrets } from './secrets.ts';
import type { RevealedShares, UnmaskTerms } from './unmasking.ts';

/** X25519 remembered: the same cohort is played again and again. */
const agreed = new Map<string, Awaited<ReturnType<typeof nobleAgreement.agreeAll>>[number]>();
export const rememberingSuite: CryptoSuite = {
  ...nobleSuite,
  agreement: {
    agreeAll: async (secretKey, publicKeys) => {
      const results = [];
      for (const publicKey of publicKeys) {
        const name = `${bytesToHex(secretKey)} ${bytesToHex(publicKey)}`;
        const [fresh] = agreed.has(name)
          ? [agreed.get(name)]
          : await nobleAgreement.agreeAll(secretKey, [publicKey]);
        invariant(fresh, 'one key, one answer');
        agreed.set(name, fresh);
        results.push(fresh.ok ? { ok: true as const, value: fresh.value.slice() } : fresh);
      }
      return results;
    },
  },
};

export interface Member {
  readonly signer: Signer;
  readonly advertise: Advertise;
  readonly secrets: RoundSecrets;
  readonly seat: Seat;
}

export interface Cohort {
  readonly sid: Sid;
  /** Hex. */
  readonly root: string;
  readonly members: readonly Member[];
  /** Sealed shares by dealer, then by holder. */
  readonly boxes: ReadonlyMap<number, ReadonlyMap<number, Uint8Array<ArrayBuffer>>>;
  /** Of the coordinator, where so many survived and so many dropped. */
  unmaskTerms(survivors: readonly number[], dropped: readonly number[]): UnmaskTerms;
}

/** The complete graph with C = 1. */
export const completeGraph = (size: number): GraphParameters => ({
  graph: 'complete',
  neighbours: size - 1,
  threshold: Math.floor((size + 1) / 2) + 1,
});

/** Everyone has dealt, and holds the shares of everyone it should. The same seed gives the same cohort. */
export async function cohort(
  size: number,
  seed: string,
  graph = completeGraph(size),
  sidOfRound?: Sid,
): Promise<Cohort> {
  const random = seededRandom(seed);
  const sid = sidOfRound ?? sidOfOffer(random(16), random(32));
  const people = Array.from({ length: size }, () => {
    const signer = nobleSigner(random(32));
    const secrets = new RoundSecrets(sid, rememberingSuite, random);
    const id = participantOf(signer.publicKey);
    const unsigned = secrets.advertise(id, new Uint8Array(1), new Uint8Array());
    return { signer, secrets, advertise: { ...unsigned, signature: new Uint8Array(64) } };
  }).toSorted((a, b) => (idOf(a.advertise) < idOf(b.advertise) ? -1 : 1));
  const advertises = people.map(({ advertise }) => advertise);
  const entries = advertises.map((advertise) => ({
    participant: idOf(advertise),
    digest: advertiseDigest(advertise),
  }));
  const root = rosterRoot(sid, rosterList(entries));
  const neighbours = neighbourhoods(size, graph, root);
  const members = people.map(({ signer, secrets, advertise }, self) => {
    const nearby = neighbours[self] ?? [];
    const holders = graph.graph === 'complete' ? advertises.map((_, index) => index) : nearby;
    const { threshold } = graph;
    const seat = { root: bytesToHex(root), size, self, neighbours: nearby, holders, threshold };
    return { signer, secrets, advertise, seat };
  });
  const boxes = await exchange(members);
  return {
    sid,
    boxes,
    root: bytesToHex(root),
    members,
    unmaskTerms: (survivors, dropped) => ({
      sid,
      root: bytesToHex(root),
      threshold: graph.threshold,
      neighbours,
      advertised: advertises,
      survivors,
      dropped,
    }),
  };
}

async function exchange(members: readonly Member[]): Promise<Cohort['boxes']> {
  const boxes = new Map<number, ReadonlyMap<number, Uint8Array<ArrayBuffer>>>();
  for (const { secrets, seat } of members) {
    const peers = new Map(
      seat.neighbours.map((peer) => {
        const member = members[peer];
        invariant(member, 'neighbours are in the roster');
        return [peer, member.advertise];
      }),
    );
    const dealt = await secrets.deal(seat, peers);
    invariant(dealt.ok, 'keys that were generated can be agreed with');
    boxes.set(seat.self, dealt.value);
  }
  for (const { secrets, seat } of members)
    for (const from of seat.neighbours) {
      const box = boxes.get(from)?.get(seat.self);
      invariant(box && secrets.keep(from, box), 'a box that was sealed opens');
    }
  return boxes;
}

/** `plain` as the member sends it where those in `u2` mask. */
export async function maskedBy(
  { secrets, seat }: Member,
  plain: Uint32Array,
  u2: readonly number[],
): Promise<Uint32Array> {
  const words = plain.slice();
  const peers = seat.neighbours.filter((peer) => u2.includes(peer));
  const masked = await secrets.mask(words, peers, async () => {});
  invariant(masked.ok, 'keys that were generated can be agreed with');
  return words;
}

/** What `revealing` reveal, by whom it rebuilds and then by holder. */
export function revealedBy(
  { members }: Cohort,
  revealing: readonly number[],
  survivors: readonly number[],
  dropped: readonly number[],
): Map<number, Map<number, Uint8Array>> {
  const shares = new Map<number, Map<number, Uint8Array>>();
  for (const holder of revealing) {
    const member = members[holder];
    invariant(member, 'a member reveals');
    const { holders } = member.seat;
    const held = new Set([...holders, ...member.seat.neighbours]);
    const asked = (of: readonly number[]) => of.filter((index) => held.has(index));
    for (const { of, share } of member.secrets.reveal(asked(survivors), asked(dropped))) {
      const known = shares.get(of) ?? new Map<number, Uint8Array>();
      shares.set(of, known.set(holder, share));
    }
  }
  return shares satisfies RevealedShares;
}

export function summed(vectors: readonly Uint32Array[]): Uint32Array {
  const sum = new Uint32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) addVector(sum, vector);
  return sum;
}

function participantOf(bytes: Uint8Array): ParticipantId {
  const id = bytesToHex(bytes);
  invariant(isParticipantId(id), '32 bytes are an id');
  return id;
}
const idOf = (advertise: Advertise): ParticipantId => participantOf(advertise.participant);
