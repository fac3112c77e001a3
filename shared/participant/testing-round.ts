/** The rest of a round around one tab: the coordinator's signed messages, and peers with real keys and shares. */
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import { isParticipantId, type Sid } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { seededRandom } from '../base/random.ts';
import { nobleSigner, type Signer } from '../crypto/identity.ts';
import { nobleSuite } from '../crypto/suite.ts';
import { bitsetOf } from '../protocol/bitset.ts';
import type { AbortCode } from '../protocol/faults.ts';
import { chainFor } from '../protocol/invitation.ts';
import type { Advertise, Offer, ToParticipantOf } from '../protocol/messages/directions.ts';
import {
  advertiseBody,
  advertiseDigest,
  confirmBody,
  outcomeBody,
  rosterBody,
  rosterList,
  rosterRoot,
  u2Body,
  u3Body,
} from '../protocol/transcript.ts';
import type { Seat } from '../round/client/types.ts';
import { RoundSecrets } from '../round/secrets.ts';
import { RUN, coordinatorSigner, openInvitation, sidOf, type TestTab } from './testing.ts';

interface Peer {
  readonly signer: Signer;
  readonly secrets: RoundSecrets;
  readonly advertise: Advertise;
}

/** The round that a tab has advertised for, with `peers` others of whom none breaks a rule. */
export class TestRound {
  readonly sid: Sid;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** Roster index of the tab. */
  readonly self: number;
  readonly #offer: Offer;
  /** By roster index; null for the tab. */
  readonly #members: readonly (Peer | null)[];
  readonly #advertises: readonly Advertise[];
  readonly #list: Uint8Array<ArrayBuffer>;

  private constructor(own: Advertise, peers: readonly Peer[], offer: Offer) {
    this.#offer = offer;
    this.sid = sidOf(offer);
    const all = [
      { advertise: own, peer: null },
      ...peers.map((peer) => ({ advertise: peer.advertise, peer })),
    ];
    const sorted = all.toSorted((a, b) => (idOf(a.advertise) < idOf(b.advertise) ? -1 : 1));
    this.#members = sorted.map(({ peer }) => peer);
    this.#advertises = sorted.map(({ advertise }) => advertise);
    this.self = this.#members.indexOf(null);
    this.#list = rosterList(sorted.map(({ advertise }) => entryOf(advertise)));
    this.root = rosterRoot(this.sid, this.#list);
  }

  static async of(tab: TestTab, offer: Offer, peers = 2): Promise<TestRound> {
    const others = await Promise.all(Array.from({ length: peers }, (_, index) => peerOf(index, offer)));
    return new TestRound(tab.socket.last('advertise'), others, offer);
  }

  get sidBytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(hexToBytes(this.sid));
  }

  get everyone(): readonly number[] {
    return this.#members.map((_, index) => index);
  }

  /** `list` in place of the true one. */
  async roster(list = this.#list): Promise<ToParticipantOf<'roster'>> {
    const body = rosterBody(this.sid, rosterRoot(this.sid, list));
    return {
      kind: 'roster',
      sid: this.sidBytes,
      list,
      advertises: this.#advertises.filter((_, index) => index !== this.self),
      signature: await coordinatorSigner.sign('roster', body),
    };
  }

  /** The roster's entries as the wire has them, 64 bytes each. */
  get entries(): readonly Uint8Array<ArrayBuffer>[] {
    return this.everyone.map((index) => this.#list.slice(64 * index, 64 * (index + 1)));
  }

  /** What the peers deal to the tab. */
  async relayed(): Promise<ToParticipantOf<'relayed'>> {
    const shares = await Promise.all(
      this.#members.map(async (member, from) => {
        if (member === null) return null;
        const dealt = await member.secrets.deal(this.#seatOf(from), this.#peersOf(from));
        const sealed = dealt.ok ? dealt.value.get(this.self) : undefined;
        invariant(sealed, 'a box for every neighbour');
        return { from, sealed };
      }),
    );
    const dealt = shares.filter((share) => share !== null);
    return { kind: 'relayed', sid: this.sidBytes, shares: dealt };
  }

  async maskRequest(members = this.everyone): Promise<ToParticipantOf<'mask-request'>> {
    const u2 = this.#set(members);
    const signature = await coordinatorSigner.sign('u2', u2Body(this.sid, this.root, u2));
    return { kind: 'mask-request', sid: this.sidBytes, u2, signature };
  }

  grant(nextChunk = 0): ToParticipantOf<'upload-grant'> {
    return { kind: 'upload-grant', sid: this.sidBytes, nextChunk };
  }

  async unmaskRequest(u3 = this.everyone, u2 = this.everyone): Promise<ToParticipantOf<'unmask-request'>> {
    const [u2Bits, u3Bits] = [this.#set(u2), this.#set(u3)];
    const signature = await coordinatorSigner.sign('u3', u3Body(this.sid, this.root, u2Bits, u3Bits));
    return { kind: 'unmask-request', sid: this.sidBytes, u3: u3Bits, signature };
  }

  async confirmations(u3 = this.everyone, u2 = this.everyone): Promise<ToParticipantOf<'confirmations'>> {
    const body = confirmBody(this.sid, this.root, this.#set(u2), this.#set(u3));
    const signatures = await Promise.all(
      u3.flatMap((from) => {
        const member = this.#members[from];
        return member ? [member.signer.sign('confirm', body).then((signature) => ({ from, signature }))] : [];
      }),
    );
    return { kind: 'confirmations', sid: this.sidBytes, signatures };
  }

  async result(survivors: number): Promise<ToParticipantOf<'result'>> {
    const unsigned = {
      kind: 'result',
      sid: this.sidBytes,
      sumHash: new Uint8Array(32),
      modelHash: new Uint8Array(32),
      survivors,
    } as const;
    return { ...unsigned, signature: await coordinatorSigner.sign('outcome', outcomeBody(unsigned)) };
  }

  #set(members: readonly number[]): Uint8Array<ArrayBuffer> {
    return bitsetOf(members, this.#members.length);
  }

  /** In the complete graph. */
  #seatOf(self: number): Seat {
    const holders = this.everyone;
    const neighbours = holders.filter((index) => index !== self);
    const threshold = Math.floor((holders.length + this.#offer.accomplices) / 2) + 1;
    return { root: bytesToHex(this.root), size: holders.length, self, neighbours, holders, threshold };
  }

  #peersOf(self: number): ReadonlyMap<number, Advertise> {
    return new Map([...this.#advertises.entries()].filter(([index]) => index !== self));
  }
}

export async function signedAbort(
  sid: Sid,
  code: AbortCode = 'too-few-trained',
  detail = '',
): Promise<ToParticipantOf<'abort'>> {
  const unsigned = { kind: 'abort', sid: new Uint8Array(hexToBytes(sid)), code, detail } as const;
  return { ...unsigned, signature: await coordinatorSigner.sign('outcome', outcomeBody(unsigned)) };
}

async function peerOf(index: number, offer: Offer): Promise<Peer> {
  const random = seededRandom(`peer ${index}`);
  const signer = nobleSigner(random(32));
  const secrets = new RoundSecrets(sidOf(offer), nobleSuite, random);
  const chain = await chainFor(openInvitation, RUN, signer.publicKey);
  const id = bytesToHex(signer.publicKey);
  invariant(isParticipantId(id), 'an Ed25519 key is an id');
  const unsigned = { ...secrets.advertise(id, chain, new Uint8Array()), signature: new Uint8Array(64) };
  const signature = await signer.sign('advertise', advertiseBody(unsigned));
  return { signer, secrets, advertise: { ...unsigned, signature } };
}

const idOf = (advertise: Advertise) => bytesToHex(advertise.participant);

function entryOf(advertise: Advertise) {
  const participant = idOf(advertise);
  invariant(isParticipantId(participant), 'the codec gives 32 bytes');
  return { participant, digest: advertiseDigest(advertise) };
}
