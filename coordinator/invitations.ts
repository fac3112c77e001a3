/** Invitations that the coordinator makes, where no admin keeps the key that invites. */
import type { RunId } from '#shared/base/ids.ts';
import { systemRandom } from '#shared/base/random.ts';
import type { Signer } from '#shared/crypto/identity.ts';
import { createInvitation, encodeInvitation, type InvitationKind } from '#shared/protocol/invitation.ts';

/** Expiry of an invitation that holds as long as its run. */
const NEVER_SECONDS = 0xffffffff;

/** A link's fragment. */
export async function newInvitation(signer: Signer, run: RunId, kind: InvitationKind): Promise<string> {
  const terms = { kind, expirySeconds: NEVER_SECONDS, inviteSecret: systemRandom(32) };
  return encodeInvitation(await createInvitation(signer, run, terms));
}
