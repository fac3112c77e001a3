import { beforeEach, describe, expect, it } from 'vitest';
import { bytesToBase64Url, bytesToHex } from '#shared/base/bytes.ts';
import { isParticipantId, type ParticipantId, type RunId } from '#shared/base/ids.ts';
import { invariant } from '#shared/base/invariant.ts';
import { seededRandom, systemRandom } from '#shared/base/random.ts';
import { nobleSigner } from '#shared/crypto/identity.ts';
import {
  chainFor,
  createInvitation,
  fingerprintOf,
  verifyChain,
  type InvitationKind,
  type VerifiedChain,
} from '#shared/protocol/invitation.ts';
import { KnownPeers } from './known-peers.ts';

const RUN = 'abcdefghijklmno_' as RunId;
const OTHER_RUN = 'abcdefghijklmno-' as RunId;
const signerOf = (label: string) => nobleSigner(seededRandom(label)(32));
const keyOf = (label: string) => signerOf(label).publicKey;

let database = '';
beforeEach(() => void (database = `chorale-test-${bytesToBase64Url(systemRandom(9))}`));
/** The memory of a page that was just loaded. */
const reloaded = () => new KnownPeers(database);

function idOf(tab: string): ParticipantId {
  const id = bytesToHex(keyOf(tab));
  invariant(isParticipantId(id), 'a key is an id');
  return id;
}

type Row = readonly [tab: string, kind: InvitationKind, invite: string];
/** Real chains, each verified. */
async function met(rows: readonly Row[], admin = 'admin') {
  const chains = new Map<ParticipantId, VerifiedChain>();
  for (const [tab, kind, invite] of rows) {
    const inviteSecret = seededRandom(invite)(32);
    const terms = { kind, expirySeconds: 2_000_000_000, inviteSecret };
    const chain = verifyChain(
      await chainFor(await createInvitation(signerOf(admin), RUN, terms), RUN, keyOf(tab)),
      { run: RUN, adminKey: keyOf(admin), identity: keyOf(tab), nowSeconds: 0 },
    );
    invariant(chain.ok, 'the chain holds');
    chains.set(idOf(tab), chain.value);
  }
  return chains;
}
const recognize = async (rows: readonly Row[], run = RUN, admin = 'admin') => [
  ...(await reloaded().recognizePeers(run, await met(rows, admin))).values(),
];

describe('the admin of a run', () => {
  it('KNOWN-1: is met for the first time once, and is known after a reload', async () => {
    expect(await reloaded().recognizeAdmin(RUN, keyOf('admin'))).toEqual({ kind: 'first' });
    expect(await reloaded().recognizeAdmin(RUN, keyOf('admin'))).toEqual({ kind: 'known' });
    expect(await reloaded().recognizeAdmin(OTHER_RUN, keyOf('admin'))).toEqual({ kind: 'first' });
  });

  it('KNOWN-1: with another key is a warning that stays until a person accepts it', async () => {
    await reloaded().recognizeAdmin(RUN, keyOf('admin'));
    const warning = {
      kind: 'changed',
      knownFingerprint: fingerprintOf(keyOf('admin')),
      newFingerprint: fingerprintOf(keyOf('impostor')),
    };
    expect(await reloaded().recognizeAdmin(RUN, keyOf('impostor'))).toEqual(warning);
    expect(await reloaded().recognizeAdmin(RUN, keyOf('impostor'))).toEqual(warning);
    expect(await reloaded().recognizeAdmin(RUN, keyOf('admin'))).toEqual({ kind: 'known' });
    await reloaded().acceptAdmin(RUN, keyOf('impostor'));
    expect(await reloaded().recognizeAdmin(RUN, keyOf('impostor'))).toEqual({ kind: 'known' });
    expect(await reloaded().recognizeAdmin(RUN, keyOf('admin'))).toMatchObject({ kind: 'changed' });
  });

  it('KNOWN-1: two tabs that meet it at once agree', async () => {
    const seen = await Promise.all(
      ['admin', 'admin', 'impostor'].map((admin) => reloaded().recognizeAdmin(RUN, keyOf(admin))),
    );
    expect(seen.map(({ kind }) => kind)).toEqual(['first', 'known', 'changed']);
  });
});

describe('peers', () => {
  it('KNOWN-2: are met for the first time once, and are known after a reload', async () => {
    const rows: readonly Row[] = [
      ['a', 'personal', 'for a'],
      ['b', 'open', 'link'],
    ];
    expect(await recognize(rows)).toEqual(['first', 'first']);
    expect(await recognize([...rows, ['c', 'open', 'link']])).toEqual(['known', 'known', 'first']);
  });

  it('KNOWN-2: are those of one run and one admin', async () => {
    const rows: readonly Row[] = [['a', 'personal', 'for a']];
    await recognize(rows);
    expect(await recognize(rows, OTHER_RUN)).toEqual(['first']);
    expect(await recognize(rows, RUN, 'another admin')).toEqual(['first']);
    expect(await recognize([['b', 'personal', 'for a']], RUN, 'a third admin')).toEqual(['first']);
  });

  it('KNOWN-2: another identity on a personal invitation is a warning, and stays one', async () => {
    await recognize([['a', 'personal', 'for a']]);
    const other: readonly Row[] = [['impostor', 'personal', 'for a']];
    expect(await recognize(other)).toEqual(['changed']);
    expect(await recognize(other)).toEqual(['changed']);
    expect(await recognize([['a', 'personal', 'for a']])).toEqual(['known']);
  });

  it('KNOWN-2: an open invitation is anybody’s', async () => {
    await recognize([['a', 'open', 'link']]);
    expect(await recognize([['b', 'open', 'link']])).toEqual(['first']);
  });

  it('are forgotten with everything else', async () => {
    await reloaded().recognizeAdmin(RUN, keyOf('admin'));
    await recognize([['a', 'personal', 'for a']]);
    await reloaded().clear();
    expect(await reloaded().recognizeAdmin(RUN, keyOf('another'))).toEqual({ kind: 'first' });
    expect(await recognize([['b', 'personal', 'for a']])).toEqual(['first']);
  });
});
