import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base64UrlToBytes, bytesToBase64Url, bytesToHex, concatBytes, hexToBytes } from '../base/bytes.ts';
import { isParticipantId, type ParticipantId, type RunId } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { seededRandom } from '../base/random.ts';
import { nobleSigner } from '../crypto/identity.ts';
import {
  chainFor,
  CHAIN_BYTES,
  createInvitation,
  decodeInvitation,
  encodeInvitation,
  fingerprintOf,
  sharedPersonalInvitations,
  verifyChain,
  verifyInvitation,
  type InvitationKind,
  type VerifiedChain,
} from './invitation.ts';

const RUN = 'abcdefghijklmno_' as RunId;
const OTHER_RUN = 'abcdefghijklmno-' as RunId;
const EXPIRY = 1_900_000_000;
const NOW = EXPIRY - 1;
const signerOf = (label: string) => nobleSigner(seededRandom(label)(32));
const admin = signerOf('admin');
const identityOf = (label: string) => signerOf(label).publicKey;
const invite = (kind: InvitationKind, label = 'invite', by = admin) =>
  createInvitation(by, RUN, { kind, expirySeconds: EXPIRY, inviteSecret: seededRandom(label)(32) });
const termsOf = (identity: Uint8Array, changed = {}) => ({
  run: RUN,
  adminKey: admin.publicKey,
  identity,
  nowSeconds: NOW,
  ...changed,
});

const participantOf = (identity: Uint8Array): ParticipantId => {
  const id = bytesToHex(identity);
  invariant(isParticipantId(id), 'a key is an id');
  return id;
};

describe('the link', () => {
  it.each(['open', 'personal'] as const)('INVITE-1: gives back an %s invitation', async (kind) => {
    const invitation = await invite(kind);
    const fragment = encodeInvitation(invitation);
    expect(fragment).toMatch(/^[A-Za-z0-9_-]{178}$/);
    expect(decodeInvitation(fragment)).toEqual({ ok: true, value: invitation });
    expect(verifyInvitation(invitation, RUN, NOW)).toEqual({ ok: true, value: invitation });
  });

  it('INVITE-1: is kind ‖ expiry ‖ admin key ‖ secret ‖ signature', async () => {
    const bytes = base64UrlToBytes(encodeInvitation(await invite('personal')));
    expect(bytes.length).toBe(133);
    expect(bytesToHex(bytes.subarray(0, 5))).toBe('01713fb300');
    expect(bytes.slice(5, 37)).toEqual(admin.publicKey);
    expect(bytes.slice(37, 69)).toEqual(seededRandom('invite')(32));
  });

  it('INVITE-1: of fields at the ends of their ranges', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<InvitationKind>('open', 'personal'),
        fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        async (kind, expirySeconds, inviteSecret) => {
          const invitation = await createInvitation(admin, RUN, { kind, expirySeconds, inviteSecret });
          expect(decodeInvitation(encodeInvitation(invitation))).toEqual({ ok: true, value: invitation });
        },
      ),
      { numRuns: 20, seed: 34 },
    );
    await expect(
      createInvitation(admin, RUN, {
        kind: 'open',
        expirySeconds: 2 ** 32,
        inviteSecret: new Uint8Array(32),
      }),
    ).rejects.toThrow('u32be');
  });

  it('INVITE-1: rejects every fragment that is cut short, longer, or spelt otherwise', async () => {
    const fragment = encodeInvitation(await invite('open'));
    const spoilt = [
      '',
      fragment.slice(1),
      fragment.slice(0, -1),
      `${fragment}A`,
      ` ${fragment.slice(1)}`,
      `${fragment.slice(0, -1)}=`,
      // A kind that is none, and the two spare bits of the last character.
      bytesToBase64Url(concatBytes(Uint8Array.of(2), base64UrlToBytes(fragment).subarray(1))),
      fragment.slice(0, -1) + String.fromCharCode(fragment.charCodeAt(177) + 1),
    ];
    for (const text of spoilt)
      expect(decodeInvitation(text), text).toEqual({ ok: false, fault: 'it is cut short or spoilt' });
  });

  it('INVITE-1: rejects any change of what the admin signed', async () => {
    const bytes = base64UrlToBytes(encodeInvitation(await invite('open')));
    for (const index of [0, 1, 4, 5, 36, 37, 68, 69, 132]) {
      const bent = bytes.slice();
      bent[index] = (bent[index] as number) ^ 1;
      const decoded = decodeInvitation(bytesToBase64Url(bent));
      invariant(decoded.ok, 'the form holds');
      expect(verifyInvitation(decoded.value, RUN, 0), `byte ${index}`).toEqual({
        ok: false,
        fault: 'its admin did not sign it for this run',
      });
    }
    expect(verifyInvitation(await invite('open'), OTHER_RUN, NOW)).toEqual({
      ok: false,
      fault: 'its admin did not sign it for this run',
    });
  });

  it('INVITE-1: holds until the second before its expiry', async () => {
    const invitation = await invite('open');
    expect(verifyInvitation(invitation, RUN, EXPIRY - 1).ok).toBe(true);
    expect(verifyInvitation(invitation, RUN, EXPIRY)).toEqual({ ok: false, fault: 'it has expired' });
  });
});

describe('chains', () => {
  it.each(['open', 'personal'] as const)(
    'INVITE-2: an %s one leads from the admin to the identity',
    async (kind) => {
      const [invitation, identity] = [await invite(kind), identityOf('tab')];
      const chain = await chainFor(invitation, RUN, identity);
      expect(chain.length).toBe(CHAIN_BYTES);
      expect(verifyChain(chain, termsOf(identity))).toEqual({
        ok: true,
        value: {
          kind,
          expirySeconds: EXPIRY,
          adminKey: admin.publicKey,
          adminSignature: invitation.adminSignature,
          inviteKey: signerOf('invite').publicKey,
          identitySignature: chain.slice(133),
        },
      });
    },
  );

  it('INVITE-2: does not give the secret away', async () => {
    const invitation = await invite('personal');
    const chain = bytesToHex(await chainFor(invitation, RUN, identityOf('tab')));
    expect(chain).not.toContain(bytesToHex(invitation.inviteSecret));
  });

  it.each([
    ['of another run', { run: OTHER_RUN }, 'its admin did not sign it for this run'],
    ['of another admin', { adminKey: identityOf('another admin') }, 'another admin signed it'],
    ['of another identity', { identity: identityOf('another tab') }, 'it names somebody else'],
    ['that has expired', { nowSeconds: EXPIRY }, 'it has expired'],
  ])('INVITE-2: rejects one %s', async (_what, changed, fault) => {
    const identity = identityOf('tab');
    const chain = await chainFor(await invite('personal'), RUN, identity);
    expect(verifyChain(chain, termsOf(identity, changed))).toEqual({ ok: false, fault });
  });

  it('INVITE-2: rejects one that names the admin and is signed by another', async () => {
    const identity = identityOf('tab');
    const forged = { ...(await invite('open', 'invite', signerOf('impostor'))), adminKey: admin.publicKey };
    expect(verifyChain(await chainFor(forged, RUN, identity), termsOf(identity))).toEqual({
      ok: false,
      fault: 'its admin did not sign it for this run',
    });
  });

  it('INVITE-2: a chain shown by one cannot be turned into one of another', async () => {
    const [invitation, mine, theirs] = [await invite('open'), identityOf('mine'), identityOf('theirs')];
    const chain = await chainFor(invitation, RUN, mine);
    // All that the chain gives away, and a signature by the thief itself.
    const thief = await chainFor({ ...invitation, inviteSecret: seededRandom('thief')(32) }, RUN, theirs);
    const stolen = concatBytes(chain.subarray(0, 133), thief.subarray(133));
    expect(verifyChain(stolen, termsOf(theirs))).toEqual({ ok: false, fault: 'it names somebody else' });
  });

  it('INVITE-2: is of one run, even where an admin used one invite key for two', async () => {
    const identity = identityOf('tab');
    const [here, there] = await Promise.all(
      [RUN, OTHER_RUN].map(async (run) => {
        const inviteSecret = seededRandom('reused')(32);
        return chainFor(
          await createInvitation(admin, run, { kind: 'open', expirySeconds: EXPIRY, inviteSecret }),
          run,
          identity,
        );
      }),
    );
    invariant(here && there, 'two chains');
    const mixed = concatBytes(here.subarray(0, 133), there.subarray(133));
    expect(verifyChain(mixed, termsOf(identity))).toEqual({ ok: false, fault: 'it names somebody else' });
  });

  it('INVITE-2: rejects any bit changed and any other length', async () => {
    const identity = identityOf('tab');
    const chain = await chainFor(await invite('open'), RUN, identity);
    for (let index = 0; index < CHAIN_BYTES; index += 7) {
      const bent = chain.slice();
      bent[index] = (bent[index] as number) ^ 1;
      expect(verifyChain(bent, termsOf(identity, { nowSeconds: 0 })).ok, `byte ${index}`).toBe(false);
    }
    for (const bytes of [new Uint8Array(), chain.subarray(1), Uint8Array.of(...chain, 0)])
      expect(verifyChain(bytes, termsOf(identity))).toEqual({
        ok: false,
        fault: 'it is cut short or spoilt',
      });
  });

  it('INVITE-2: throws for no bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: CHAIN_BYTES, maxLength: CHAIN_BYTES }), (bytes) => {
        expect(verifyChain(bytes, termsOf(identityOf('tab'))).ok).toBe(false);
      }),
      { numRuns: 200, seed: 2 },
    );
  });
});

describe('sharedPersonalInvitations', () => {
  const chainsOf = async (
    rows: readonly (readonly [tab: string, kind: InvitationKind, invite: string])[],
  ) => {
    const chains = new Map<ParticipantId, VerifiedChain>();
    for (const [tab, kind, label] of rows) {
      const identity = identityOf(tab);
      const chain = verifyChain(await chainFor(await invite(kind, label), RUN, identity), termsOf(identity));
      invariant(chain.ok, 'the chain holds');
      chains.set(participantOf(identity), chain.value);
    }
    return chains;
  };
  const ids = (...tabs: readonly string[]) => new Set(tabs.map((tab) => participantOf(identityOf(tab))));

  it('INVITE-3: names every identity that shares a personal invitation, and no other', async () => {
    const chains = await chainsOf([
      ['a', 'personal', 'shared'],
      ['b', 'personal', 'own'],
      ['c', 'personal', 'shared'],
      ['d', 'open', 'link'],
      ['e', 'open', 'link'],
      ['f', 'personal', 'crowded'],
      ['g', 'personal', 'crowded'],
      ['h', 'personal', 'crowded'],
    ]);
    expect(sharedPersonalInvitations(chains)).toEqual(ids('a', 'c', 'f', 'g', 'h'));
  });

  it('INVITE-3: names nobody where each has its own, and nobody in an empty list', async () => {
    expect(
      sharedPersonalInvitations(
        await chainsOf([
          ['a', 'personal', 'one'],
          ['b', 'personal', 'two'],
        ]),
      ),
    ).toEqual(new Set());
    expect(sharedPersonalInvitations(new Map())).toEqual(new Set());
  });
});

describe('fingerprintOf', () => {
  it('is the first 80 bits of SHA-256 in base32', () => {
    // The key of RFC 8032, TEST 1; its SHA-256 begins 21fe31dfa154a261626b.
    const key = hexToBytes('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
    expect(fingerprintOf(key)).toBe('EH7D DX5B KSRG CYTL');
  });

  it('differs for different keys, and keeps leading zeros', () => {
    const prints = Array.from({ length: 400 }, (_, i) => fingerprintOf(seededRandom(`key ${i}`)(32)));
    expect(new Set(prints).size).toBe(400);
    for (const print of prints) expect(print).toMatch(/^([A-Z2-7]{4} ){3}[A-Z2-7]{4}$/);
    expect(prints.some((print) => print.startsWith('A'))).toBe(true);
  });
});
