import { describe, expect, it } from 'vitest';
import { pathOfLink, readInvitation } from './invitation.ts';

const run = 'abcdefghijklmno_';
const secret = 'AAAAAAAAAAAAAAAAAAAA-_';

describe('invitations', () => {
  it('reads the secret from the fragment', () => {
    expect(readInvitation(run, `#${secret}`)).toEqual({ run, secret });
  });

  it.each([
    ['no fragment', run, ''],
    ['a fragment cut short', run, `#${secret.slice(1)}`],
    ['a fragment that is no base64url', run, `#${secret.slice(1)}%`],
    ['a run id of another form', 'short', `#${secret}`],
  ])('rejects %s', (_what, id, fragment) => expect(readInvitation(id, fragment)).toBeNull());

  it('finds the path in a pasted link, whatever its host', () => {
    expect(pathOfLink(`  https://example.org/join/${run}#${secret} `)).toBe(`/join/${run}#${secret}`);
    expect(pathOfLink(`https://example.org/runs/${run}#${secret}`)).toBeNull();
    expect(pathOfLink('hello')).toBeNull();
  });
});
