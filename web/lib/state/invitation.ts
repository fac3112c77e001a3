/** The link's fragment: the invitation's secret, 16 bytes in base64url. It is never sent with a page request. */
import { isRunId, type RunId } from '#shared/base/ids.ts';

const INVITATION = /^[A-Za-z0-9_-]{22}$/;

export interface Invitation {
  readonly run: RunId;
  readonly secret: string;
}

/** Null where the link is cut short or is none. */
export function readInvitation(run: string, fragment: string): Invitation | null {
  const secret = fragment.replace(/^#/, '');
  return isRunId(run) && INVITATION.test(secret) ? { run, secret } : null;
}

/** The path of a pasted link, or null where it is no invitation of any coordinator. */
export function pathOfLink(text: string): string | null {
  if (!URL.canParse(text.trim())) return null;
  const { pathname, hash } = new URL(text.trim());
  const run = /^\/join\/([^/]+)\/?$/.exec(pathname)?.[1] ?? '';
  return readInvitation(run, hash) === null ? null : `${pathname}${hash}`;
}
