/** An invitation link: /join/<run>#<invitation>. The fragment is never sent with a page request. */
import { isRunId, type RunId } from '#shared/base/ids.ts';
import { fail, ok, type Result } from '#shared/base/result.ts';
import {
  decodeInvitation,
  fingerprintOf,
  verifyInvitation,
  type InvitationFault,
  type InvitationKind,
} from '#shared/protocol/invitation.ts';

export interface LinkInvitation {
  readonly run: RunId;
  /** The fragment without its #; whoever has it is invited. */
  readonly secret: string;
  /** A personal one is good for one tab; an open one for whoever has the link, as often as they like. */
  readonly kind: InvitationKind;
  readonly expirySeconds: number;
  /** 32 bytes, of the admin that invites. */
  readonly adminKey: Uint8Array;
  /** Of the admin's key, for people to compare: four groups of four. */
  readonly adminFingerprint: string;
}

/** The page says why a link does not hold. `nowSeconds` is Unix time. */
export function readInvitation(
  run: string,
  fragment: string,
  nowSeconds: number,
): Result<LinkInvitation, InvitationFault> {
  const secret = fragment.replace(/^#/, '');
  if (!isRunId(run)) return fail('it is cut short or spoilt');
  const decoded = decodeInvitation(secret);
  if (!decoded.ok) return decoded;
  const verified = verifyInvitation(decoded.value, run, nowSeconds);
  if (!verified.ok) return verified;
  const { kind, expirySeconds, adminKey } = verified.value;
  return ok({ run, secret, kind, expirySeconds, adminKey, adminFingerprint: fingerprintOf(adminKey) });
}

/** The path of a pasted link, or null where it has not the form of an invitation, whatever its coordinator. */
export function pathOfLink(text: string): string | null {
  if (!URL.canParse(text.trim())) return null;
  const { pathname, hash } = new URL(text.trim());
  const run = /^\/join\/([^/]+)\/?$/.exec(pathname)?.[1] ?? '';
  return isRunId(run) && decodeInvitation(hash.slice(1)).ok ? `${pathname}${hash}` : null;
}
