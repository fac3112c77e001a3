/**
 * A whole round of five, one of whom drops after U2, frozen byte by byte: SHA-256 of every frame that travels. A
 * change of one byte of the protocol shows here, and is another version of it (PROTOCOL_VERSION).
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { expect, it } from 'vitest';
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import { seededRandom } from '../base/random.ts';
import { nobleSigner } from '../crypto/identity.ts';
import { packLanes } from '../numeric/pack.ts';
import { bitsetOf } from '../protocol/bitset.ts';
import { encodeMessage, encodeOffer } from '../protocol/codec.ts';
import type { Offer, ToCoordinator, ToParticipant, ToPeer } from '../protocol/messages/directions.ts';
import {
  advertiseBody,
  advertiseDigest,
  confirmBody,
  linkBody,
  outcomeBody,
  rosterBody,
  rosterList,
  sidOfOffer,
  u2Body,
  u3Body,
} from '../protocol/transcript.ts';
import { isParticipantId } from '../base/ids.ts';
import { chunkHash } from '../protocol/upload-chunks.ts';
import { completeGraph, cohort, maskedBy, type Member } from './testing.ts';

const OFFER: Offer = {
  run: 'frozenfrozenfroz',
  round: 3,
  attempt: 2,
  nonce: new Uint8Array(32).fill(1),
  modelHash: new Uint8Array(32).fill(2),
  taskId: 'frozen',
  training: { epochs: 1, batchSize: 32, learningRate: 0.1, optimizer: { kind: 'sgd' } },
  quantization: { range: 1, bits: 16 },
  weightMax: 100,
  invited: 5,
  minCohort: 3,
  minSurvivors: 3,
  accomplices: 1,
  dropoutPerMille: 200,
  vectorWords: 40,
  privacy: null,
  seed: 7,
  durationsMs: { offered: 1, training: 2, sharing: 3, masking: 4, confirming: 5, unmasking: 6 },
};
const ALL = [0, 1, 2, 3, 4];
const U3 = [0, 1, 3, 4];

const digest = (message: ToCoordinator | ToParticipant | ToPeer) =>
  bytesToHex(sha256(encodeMessage(message)));

/** Every frame, in the order of the protocol. */
async function framesOfRound(): Promise<Record<string, string>> {
  const coordinator = nobleSigner(seededRandom('frozen coordinator')(32));
  const terms = encodeOffer(OFFER);
  const sidText = sidOfOffer(terms, coordinator.publicKey);
  const round = await cohort(5, 'frozen', completeGraph(5), sidText);
  const [sid, root] = [hexToBytes(sidText), hexToBytes(round.root)];
  const frames: Record<string, string> = {};
  const say = (name: string, message: ToCoordinator | ToParticipant | ToPeer) => {
    frames[name] = digest(message);
  };
  const each = async (run: (member: Member, index: number) => Promise<void>) => {
    for (const [index, member] of round.members.entries()) await run(member, index);
  };
  say('offer', { kind: 'offer', terms, signature: await coordinator.sign('offer', terms) });
  const advertises = await Promise.all(
    round.members.map(async ({ advertise, signer }) => ({
      ...advertise,
      signature: await signer.sign('advertise', advertiseBody(advertise)),
    })),
  );
  advertises.forEach((advertise, index) => say(`advertise ${index}`, advertise));
  const list = rosterList(
    advertises.map((advertise) => {
      const participant = bytesToHex(advertise.participant);
      if (!isParticipantId(participant)) throw new Error(participant);
      return { participant, digest: advertiseDigest(advertise) };
    }),
  );
  const signature = await coordinator.sign('roster', rosterBody(sidText, root));
  say('roster', { kind: 'roster', sid, list, advertises, signature });
  await each(async ({ signer, seat }, index) => {
    const shares = [...(round.boxes.get(index) ?? [])].map(([to, sealed]) => ({ to, sealed }));
    say(`shares ${index}`, { kind: 'shares', sid, shares });
    const advertise = advertises[index];
    const [peer] = seat.neighbours;
    if (advertise === undefined || peer === undefined) return expect.unreachable();
    const linked = await signer.sign('link', linkBody(sidText, root, index, peer));
    say(`link ${index}`, { kind: 'link', sid, root, advertise, signature: linked });
  });
  const [u2, u3] = [bitsetOf(ALL, 5), bitsetOf(U3, 5)];
  const u2Signature = await coordinator.sign('u2', u2Body(sidText, root, u2));
  say('mask-request', { kind: 'mask-request', sid, u2, signature: u2Signature });
  await each(async (member, index) => {
    const plain = Uint32Array.from({ length: OFFER.vectorWords }, (_, lane) => lane * index - 20);
    // W = 16 + ⌈log₂ 5⌉.
    const bytes = packLanes(await maskedBy(member, plain, ALL), 19);
    say(`masked ${index}`, {
      kind: 'masked',
      sid,
      index: 0,
      chunks: 1,
      hash: chunkHash(bytes, sha256),
      bytes,
    });
  });
  const u3Signature = await coordinator.sign('u3', u3Body(sidText, root, u2, u3));
  say('unmask-request', { kind: 'unmask-request', sid, u3, signature: u3Signature });
  await each(async ({ signer, secrets }, index) => {
    if (!U3.includes(index)) return;
    const confirmed = await signer.sign('confirm', confirmBody(sidText, root, u2, u3));
    say(`confirm ${index}`, { kind: 'confirm', sid, signature: confirmed });
    say(`reveal ${index}`, { kind: 'reveal', sid, shares: [...secrets.reveal(U3, [2])] });
  });
  const result = {
    kind: 'result',
    sid,
    sumHash: new Uint8Array(32),
    modelHash: new Uint8Array(32),
    survivors: 4,
  } as const;
  say('result', { ...result, signature: await coordinator.sign('outcome', outcomeBody(result)) });
  return frames;
}

it('CODEC-1, MASK-1, SHARE-1: every byte of a round of five is what it was', async () => {
  expect(await framesOfRound()).toMatchInlineSnapshot(`
    {
      "advertise 0": "ad48a727443192cf592afa4866a7032a28ad53a1cb3e447003db5b7fc1b14435",
      "advertise 1": "6ce0d19c03c07ecea315cb3148fd231b952672cb449c2b30dc8e91896043d73f",
      "advertise 2": "31b6d9efadcde41f6b175cad50eaf6a46dda393fb466353c8c007ae6f8f6053f",
      "advertise 3": "fe46d4121e0b403072cb381697d78f16bc7cdce1d4bfd791ae4d8a80ff3b8c6b",
      "advertise 4": "1a2d16f198ce8eb26ae296f757c838a6c95efe47c6d16d573ef760ba393b2ac2",
      "confirm 0": "5440937127c5b3ef8ed66200621bbe35ab5d839ee3f1f425a62081656e684db4",
      "confirm 1": "ffb1f2c18a3bb1ff22194f9dfc03d60526f85a8e0d41e6e9db9735bb7969debe",
      "confirm 3": "b999f7d68d29fdc6e69ebb12d4eb44217527d8c2c81884f8deb8b4a3c65e8158",
      "confirm 4": "21c5f2240797e27625f6f75157467ae0cd5b37bc42c45c78cea57dca2a24d4b8",
      "link 0": "439246844c5e9cf2f510939b2fd7553dda3233a3bd010507cc5c83a7bc1bcc2d",
      "link 1": "cc0c776fa251832720359556463e9f6523030f22f96720e6446bf738008baddc",
      "link 2": "6e26827047e57de749c8249ca48f9d94b77fcd32a8029a890b00f5160ce80c0b",
      "link 3": "3af454c852975d2095bc0f2d43c99f895bf49dc840deeb2f4ba92cab495716e9",
      "link 4": "af1956a7124b45da06d86664cc64259d1b449f6ae6adcc4edfc1ee857b95f816",
      "mask-request": "c7973a618e3404b66a9a91bdeb9aeff3d366ab7781fe5b71ed7316027e4c5729",
      "masked 0": "fb1f67e27ed40b6338dff67f56448d413706b4940e01d489e48462d3d16e8f38",
      "masked 1": "5907790a40f6643254820da5d659628ccc922da664d895d2e9cf9ddd15a805c1",
      "masked 2": "b0a12b93b6a96ae20de8c4c9eddde833d9206ba941cdd1605816b351f3ec83bd",
      "masked 3": "4d5e884d01c7846b64ee7e545b9ce3b5fdb117c490001cc8acfae50fb4d1b192",
      "masked 4": "9bb7174cc239ff9073044b08c66d1ddcd871625d5b340985bbe043f803b6b221",
      "offer": "f042ecc3a5186e9ebb1d50a0099f47da970baaf7f6e6cba0acbcfb7644738842",
      "result": "e5383c2a602a24296881e5b299310ff0250fb915a3c53f5d0f14089a4d924606",
      "reveal 0": "c9fd986ce8fd1009c6e1e1cd0070d1770f71527ae66d2f0beaaf89b40f170e65",
      "reveal 1": "4a4e1a7c5c47b4a13ec301465361244e604fb163f454e5fc33bbe61aeee6fe3b",
      "reveal 3": "6dad18d0bab203975d9c69bb1fffbf2119dbb3bbdd0786d42c7ac6bb7720fe17",
      "reveal 4": "7e04f2d9207d7dcbb3ba0bedab7f62823c9692dfb60b38327fda1613dc66e7b1",
      "roster": "e4c4219761d7b0e6e5c4e83f5eb9b11ee2966f89910a41afc42e04bcddd2da53",
      "shares 0": "7323f0a986e1bdc401f7bdecf48477a560f8e3760e18a61ae509c6dd79a5e1db",
      "shares 1": "089f8e1f873eb845faba29bc0377b9caf463c352ca688535cabc4bcc8c33ba81",
      "shares 2": "b66975f699d2342c42cab48bbb98a20b97f9e2d986b724b3bf390d9acbb7b7d3",
      "shares 3": "aaf95e137a0a0a65f84747b37d0dfca60218248f4878d433243b76f310de3704",
      "shares 4": "29dac66a415acb6cdefd66ae68c68a537e2f87f578d3f5d8de2edc7be23068b5",
      "unmask-request": "df1188523e3a494d6d38666abf513fb063dd15cb68d5280ff24c6d843db40d70",
    }
  `);
});
