import { describe, expect, it } from 'vitest';
import type { RunId } from '#shared/base/ids.ts';
import { seededRandom } from '#shared/base/random.ts';
import { nobleSigner } from '#shared/crypto/identity.ts';
import { createInvitation, encodeInvitation, fingerprintOf } from '#shared/protocol/invitation.ts';
import { pathOfLink, readInvitation } from './invitation.ts';

const run = 'abcdefghijklmno_' as RunId;
const expirySeconds = 1_900_000_000;
const admin = nobleSigner(seededRandom('admin')(32));
const secret = encodeInvitation(
  await createInvitation(admin, run, {
    kind: 'personal',
    expirySeconds,
    inviteSecret: seededRandom('invite')(32),
  }),
);

describe('invitations', () => {
  it('INVITE-1: reads from the fragment what the admin signed', () => {
    expect(readInvitation(run, `#${secret}`, expirySeconds - 1)).toEqual({
      ok: true,
      value: {
        run,
        secret,
        kind: 'personal',
        expirySeconds,
        adminKey: admin.publicKey,
        adminFingerprint: fingerprintOf(admin.publicKey),
      },
    });
  });

  it.each([
    ['no fragment', run, '', 'it is cut short or spoilt'],
    ['a fragment cut short', run, `#${secret.slice(1)}`, 'it is cut short or spoilt'],
    ['a fragment that is no base64url', run, `#${secret.slice(1)}%`, 'it is cut short or spoilt'],
    ['a run id of another form', 'short', `#${secret}`, 'it is cut short or spoilt'],
    ['another run', 'abcdefghijklmno-', `#${secret}`, 'its admin did not sign it for this run'],
  ])('INVITE-1: rejects %s', (_what, id, fragment, fault) =>
    expect(readInvitation(id, fragment, 0)).toEqual({ ok: false, fault }),
  );

  it('INVITE-1: rejects one that has expired', () =>
    expect(readInvitation(run, `#${secret}`, expirySeconds)).toEqual({ ok: false, fault: 'it has expired' }));

  it('finds the path in a pasted link, whatever its host', () => {
    expect(pathOfLink(`  https://example.org/join/${run}#${secret} `)).toBe(`/join/${run}#${secret}`);
    expect(pathOfLink(`https://example.org/runs/${run}#${secret}`)).toBeNull();
    expect(pathOfLink(`https://example.org/join/short#${secret}`)).toBeNull();
    expect(pathOfLink(`https://example.org/join/${run}#${secret.slice(1)}`)).toBeNull();
    expect(pathOfLink('hello')).toBeNull();
  });
});
