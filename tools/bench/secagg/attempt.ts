/**
 * What a coordinator is measured on: frames of a whole cohort. Its members have real keys, signatures, invitations
 * and shares; the masks in their vectors are left out, since adding and unmasking cost the same for any words.
 */
import { bytesToHex, hexToBytes } from '#shared/base/bytes.ts';
import { isParticipantId, isRunId, type ParticipantId, type RunId, type Sid } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { systemRandom } from '#shared/base/random.ts';
import { generateKeyPair } from '#shared/crypto/agreement.ts';
import type { Signer } from '#shared/crypto/identity.ts';
import { split } from '#shared/crypto/shamir.ts';
import { encodeMessage, encodeOffer } from '#shared/protocol/codec.ts';
import { chainFor, createInvitation } from '#shared/protocol/invitation.ts';
import type { Advertise, Offer } from '#shared/protocol/messages/directions.ts';
import { bitsetOf } from '#shared/protocol/bitset.ts';
import {
  advertiseBody,
  advertiseDigest,
  confirmBody,
  rosterList,
  rosterRoot,
  selfMaskCommitment,
  sidOfOffer,
} from '#shared/protocol/transcript.ts';
import type { Cohort } from '#shared/round/coordinator/types.ts';
import { neighbourhoods } from '#shared/round/graph.ts';
import { graphParameters } from '#shared/round/parameters.ts';
import { dropoutsOf } from '#shared/round/coordinator/cohort-sets.ts';
import { openSslSigner } from '../../../coordinator/crypto/openssl-signer.ts';
import { offerFor, vanished } from './conditions.ts';

type Frame = Uint8Array<ArrayBuffer>;

/** One member's frames. */
interface MemberFrames {
  readonly id: ParticipantId;
  readonly advertise: Frame;
  readonly confirm: Frame;
  readonly reveal: Frame;
}

export interface Attempt {
  readonly run: RunId;
  readonly sid: Sid;
  readonly offer: Offer;
  readonly adminKey: Uint8Array;
  readonly cohort: Cohort;
  /** By roster index; of those who vanish, the advertise alone arrives. */
  readonly frames: readonly MemberFrames[];
  readonly survivors: readonly number[];
  readonly dropped: readonly number[];
  /** b of every member, by roster index. */
  readonly selfSeeds: readonly Uint8Array[];
}

interface Member {
  readonly id: ParticipantId;
  readonly signer: Signer;
  readonly maskSecret: Uint8Array;
  readonly selfSeed: Uint8Array;
  readonly advertise: Advertise;
}

const RUN = 'bench-of-a-round';
const EXPIRY_SECONDS = 4_102_444_800;

export async function assembleAttempt(
  size: number,
  dropoutPerMille: number,
  dropout: number,
): Promise<Attempt> {
  invariant(isRunId(RUN), 'sixteen characters are a run id');
  const admin = openSslSigner(systemRandom(32));
  const offer = offerFor(size, dropoutPerMille, systemRandom(32));
  const sid = sidOfOffer(encodeOffer(offer), openSslSigner(systemRandom(32)).publicKey);
  const terms = { kind: 'open', expirySeconds: EXPIRY_SECONDS, inviteSecret: systemRandom(32) } as const;
  const invitation = await createInvitation(admin, RUN, terms);
  const members: Member[] = [];
  while (members.length < size) {
    const signer = openSslSigner(systemRandom(32));
    members.push(await enter(sid, signer, await chainFor(invitation, RUN, signer.publicKey)));
  }
  members.sort((a, b) => (a.id < b.id ? -1 : 1));
  const cohort = seated(sid, offer, members);
  const dropped = vanished({ cohort: size, dropout }, 0);
  const survivors = members.map((_, index) => index).filter((index) => !dropped.includes(index));
  const frames = await framesOf({ sid, cohort, members, survivors, dropped });
  const selfSeeds = members.map(({ selfSeed }) => selfSeed);
  return { run: RUN, sid, offer, adminKey: admin.publicKey, cohort, frames, survivors, dropped, selfSeeds };
}

async function enter(sid: Sid, signer: Signer, chain: Frame): Promise<Member> {
  const id = bytesToHex(signer.publicKey);
  invariant(isParticipantId(id), 'a public key is an id');
  const masks = generateKeyPair(systemRandom);
  const selfSeed = systemRandom(32);
  const unsigned: Advertise = {
    kind: 'advertise',
    sid: hexToBytes(sid),
    participant: signer.publicKey,
    chain,
    maskKey: masks.publicKey,
    sealKey: generateKeyPair(systemRandom).publicKey,
    commitment: selfMaskCommitment(sid, selfSeed),
    link: systemRandom(16),
    signature: new Uint8Array(64),
  };
  const signature = await signer.sign('advertise', advertiseBody(unsigned));
  return { id, signer, maskSecret: masks.secretKey, selfSeed, advertise: { ...unsigned, signature } };
}

function seated(sid: Sid, offer: Offer, members: readonly Member[]): Cohort {
  const roster = members.map(({ id, advertise }) => ({
    participant: id,
    digest: advertiseDigest(advertise),
  }));
  const parameters = graphParameters({
    cohort: roster.length,
    accomplices: offer.accomplices,
    dropouts: dropoutsOf(roster.length, offer.dropoutPerMille),
    coordinator: 'active',
  });
  invariant(parameters.ok, 'a graph protects every cohort of the bench');
  const neighbours = neighbourhoods(roster.length, parameters.value, rosterRoot(sid, rosterList(roster)));
  const everybody = roster.map((_, index) => index);
  const holders = parameters.value.graph === 'complete' ? roster.map(() => everybody) : neighbours;
  return { roster, parameters: parameters.value, neighbours, holders };
}

/** Signatures over the sets, and of every member the shares that its holders reveal. */
async function framesOf({
  sid,
  cohort,
  members,
  survivors,
  dropped,
}: {
  readonly sid: Sid;
  readonly cohort: Cohort;
  readonly members: readonly Member[];
  readonly survivors: readonly number[];
  readonly dropped: readonly number[];
}): Promise<MemberFrames[]> {
  const sidBytes = hexToBytes(sid);
  const everybody = members.map((_, index) => index);
  const [u2, u3] = [bitsetOf(everybody, members.length), bitsetOf(survivors, members.length)];
  const body = confirmBody(sid, rosterRoot(sid, rosterList(cohort.roster)), u2, u3);
  const gone = new Set(dropped);
  const revealed = members.map((): { of: number; share: Uint8Array }[] => []);
  members.forEach(({ selfSeed, maskSecret }, of) => {
    const holders = (cohort.holders[of] ?? []).filter((holder) => !gone.has(holder));
    const secret = gone.has(of) ? maskSecret : selfSeed;
    const xs = holders.map((holder) => holder + 1);
    split(secret, cohort.parameters.threshold, xs, systemRandom).forEach(({ x, bytes }) =>
      revealed[x - 1]?.push({ of, share: bytes }),
    );
  });
  const frames: MemberFrames[] = [];
  for (const [index, { id, signer, advertise }] of members.entries())
    frames.push({
      id,
      advertise: encodeMessage(advertise),
      confirm: encodeMessage({
        kind: 'confirm',
        sid: sidBytes,
        signature: await signer.sign('confirm', body),
      }),
      reveal: encodeMessage({ kind: 'reveal', sid: sidBytes, shares: revealed[index] ?? [] }),
    });
  return frames;
}
