/**
 * The cohort that a client is measured in: everybody's keys and signed advertises, the roster, and what the
 * neighbours and the coordinator send it. The neighbours are real: each deals its box itself, to this one alone.
 */
import { bytesToHex, hexToBytes } from '#shared/base/bytes.ts';
import { isParticipantId, isRunId, type ParticipantId, type RunId, type Sid } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { seededRandom, systemRandom, type RandomSource } from '#shared/base/random.ts';
import { nobleSigner, type Signer } from '#shared/crypto/identity.ts';
import type { CryptoSuite } from '#shared/crypto/suite.ts';
import { RosterCheck, type Inspect } from '#shared/participant/roster-check.ts';
import { encodeMessage, encodeOffer } from '#shared/protocol/codec.ts';
import { chainFor, createInvitation, verifyChain, type VerifiedChain } from '#shared/protocol/invitation.ts';
import { MAX_LINKS } from '#shared/protocol/limits.ts';
import type { Advertise, Offer } from '#shared/protocol/messages/directions.ts';
import {
  advertiseBody,
  advertiseDigest,
  linkBody,
  rosterBody,
  rosterList,
  rosterRoot,
  sidOfOffer,
  type RosterEntry,
} from '#shared/protocol/transcript.ts';
import type { Seat } from '#shared/round/client/types.ts';
import { RoundSecrets } from '#shared/round/secrets.ts';
import { offerFor } from './conditions.ts';

type Frame = Uint8Array<ArrayBuffer>;

/** What a neighbour sends: over its link where there is one, else through the coordinator. */
export interface NeighbourFrames {
  readonly index: number;
  readonly link: string | null;
  readonly frames: readonly Frame[];
}

export interface Cohort {
  readonly run: RunId;
  readonly sid: Sid;
  readonly offer: Offer;
  readonly adminKey: Uint8Array;
  readonly coordinator: Signer;
  readonly self: ParticipantId;
  readonly signer: Signer;
  readonly chain: Uint8Array<ArrayBuffer>;
  readonly link: string;
  /** Draws the same secrets in every round, so that what was sent for them fits. */
  readonly secretsOfSelf: () => RandomSource;
  readonly seat: Seat;
  readonly entries: readonly RosterEntry[];
  /** By roster index. */
  readonly signers: readonly Signer[];
  readonly advertises: ReadonlyMap<number, Advertise>;
  /** The invitations of neighbours as a participant knows them from its first round on. */
  readonly inspect: Inspect;
  readonly roster: Frame;
  readonly neighbours: readonly NeighbourFrames[];
}

interface Member {
  readonly id: ParticipantId;
  readonly signer: Signer;
  readonly chain: Uint8Array<ArrayBuffer>;
  readonly secrets: RoundSecrets;
  readonly advertise: Advertise;
}

/** The bench's run; the form is what counts. */
const RUN = 'bench-of-a-round';

/** Long before which no invitation of a bench expires: 2100. */
const EXPIRY_SECONDS = 4_102_444_800;

/** `signer` is the measured client's. */
export async function assembleCohort(
  size: number,
  dropoutPerMille: number,
  signer: Signer,
  suite: CryptoSuite,
): Promise<Cohort> {
  invariant(isRunId(RUN), 'sixteen characters are a run id');
  const [coordinator, admin] = [nobleSigner(systemRandom(32)), nobleSigner(systemRandom(32))];
  const offer = offerFor(size, dropoutPerMille, systemRandom(32));
  const sid = sidOfOffer(encodeOffer(offer), coordinator.publicKey);
  const invitation = await createInvitation(admin, RUN, {
    kind: 'open',
    expirySeconds: EXPIRY_SECONDS,
    inviteSecret: systemRandom(32),
  });
  const seed = bytesToHex(systemRandom(32));
  const secretsOfSelf = () => seededRandom(seed);
  const join = async (own: Signer, random: RandomSource) => {
    const chain = await chainFor(invitation, RUN, own.publicKey);
    return enter(own, chain, new RoundSecrets(sid, suite, random));
  };
  const self = await join(signer, secretsOfSelf());
  const members = [self];
  while (members.length < size) members.push(await join(nobleSigner(systemRandom(32)), systemRandom));
  members.sort((a, b) => (a.id < b.id ? -1 : 1));
  const entries = members.map(({ id, advertise }) => ({
    participant: id,
    digest: advertiseDigest(advertise),
  }));
  const list = rosterList(entries);
  const root = rosterRoot(sid, list);
  const inspect = knownChains(RUN, admin.publicKey);
  const checked = await RosterCheck.of(
    { self: self.id, offer, root: bytesToHex(root), entries, advertises: members.map((m) => m.advertise) },
    suite,
    inspect,
  );
  invariant(checked.ok, 'a cohort of sound members passes');
  const { seat, advertises } = checked.value;
  const roster = encodeMessage({
    kind: 'roster',
    sid: hexToBytes(sid),
    list,
    advertises: [...advertises.values()],
    signature: await coordinator.sign('roster', rosterBody(sid, root)),
  });
  const neighbours: NeighbourFrames[] = [];
  for (const index of seat.neighbours)
    neighbours.push(await framesOf(members[index] as Member, index, { sid, seat, self: self.advertise }));
  return {
    run: RUN,
    sid,
    offer,
    adminKey: admin.publicKey,
    coordinator,
    self: self.id,
    signer,
    chain: self.chain,
    link: bytesToHex(self.advertise.link),
    secretsOfSelf,
    seat,
    entries,
    signers: members.map((member) => member.signer),
    advertises,
    inspect,
    roster,
    neighbours,
  };
}

async function enter(signer: Signer, chain: Uint8Array<ArrayBuffer>, secrets: RoundSecrets): Promise<Member> {
  const id = bytesToHex(signer.publicKey);
  invariant(isParticipantId(id), 'a public key is an id');
  const unsigned = { ...secrets.advertise(id, chain, linkOf(signer)), signature: new Uint8Array(64) };
  const signature = await signer.sign('advertise', advertiseBody(unsigned));
  return { id, signer, chain, secrets, advertise: { ...unsigned, signature } };
}

/** Half of the identity serves as a link: no two are the same. */
const linkOf = (signer: Signer) => signer.publicKey.slice(0, 16);

/** What the neighbour `index` sends to the one whose seat is given. */
async function framesOf(
  { signer, secrets, advertise }: Member,
  index: number,
  { sid, seat, self }: { readonly sid: Sid; readonly seat: Seat; readonly self: Advertise },
): Promise<NeighbourFrames> {
  const own = { ...seat, self: index, neighbours: [seat.self], holders: [seat.self], threshold: 1 };
  const dealt = await secrets.deal(own, new Map([[seat.self, self]]));
  const sealed = dealt.ok ? dealt.value.get(seat.self) : undefined;
  invariant(sealed, 'it deals to its one neighbour');
  const sidBytes = hexToBytes(sid);
  const apart = Math.abs(index - seat.self);
  if (Math.min(apart, seat.size - apart) > MAX_LINKS / 2) {
    const relayed = { from: index, sealed };
    const frame = encodeMessage({ kind: 'relayed', sid: sidBytes, shares: [relayed] });
    return { index, link: null, frames: [frame] };
  }
  const root = hexToBytes(seat.root);
  const signature = await signer.sign('link', linkBody(sid, root, index, seat.self));
  return {
    index,
    link: bytesToHex(advertise.link),
    frames: [
      encodeMessage({ kind: 'link', sid: sidBytes, root, advertise, signature }),
      encodeMessage({ kind: 'share', sid: sidBytes, sealed }),
    ],
  };
}

/** Verified once each, as a session remembers them. */
function knownChains(run: RunId, adminKey: Uint8Array): Inspect {
  const known = new Map<ParticipantId, VerifiedChain>();
  return (chain, participant) => {
    const before = known.get(participant);
    if (before !== undefined) return { ok: true, value: before };
    const verified = verifyChain(chain, {
      run,
      adminKey,
      identity: hexToBytes(participant),
      nowSeconds: EXPIRY_SECONDS - 1,
    });
    if (verified.ok) known.set(participant, verified.value);
    return verified;
  };
}
