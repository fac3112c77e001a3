/**
 * Invitations, and the chains that show them (design: "Invitation").
 *
 * An admin signs the public key of an invitation ("invite"); its secret key is in the link alone, in the fragment,
 * which no page request carries. A participant signs its own identity with that secret key ("identity"). Both
 * signatures together are its chain: whoever knows the admin's key tells from it that the identity was invited,
 * and the coordinator cannot make one up. An open invitation bounds nobody: whoever has it comes as often as they
 * like. A personal one is good for one identity.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import {
  base64UrlToBytes,
  bytesToBase64Url,
  bytesToHex,
  concatBytes,
  u32be,
  utf8ToBytes,
} from '../base/bytes.ts';
import type { ParticipantId, RunId } from '../base/ids.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { nobleSigner, verify, type SignatureCheck, type Signer } from '../crypto/identity.ts';

export type InvitationKind = 'open' | 'personal';

/** What an admin signs about an invitation, and its signature. Bytes are 32, the signature 64. */
interface Invited {
  readonly kind: InvitationKind;
  /** Unix time in seconds from which on it no longer holds, 0 to 2^32 − 1. */
  readonly expirySeconds: number;
  readonly adminKey: Uint8Array;
  readonly adminSignature: Uint8Array;
}

/** What a link holds beside its run. */
export interface Invitation extends Invited {
  /** Ed25519 seed; whoever has it is invited. */
  readonly inviteSecret: Uint8Array;
}

/** What a participant shows to the coordinator and to its peers, once it holds. */
export interface VerifiedChain extends Invited {
  readonly inviteKey: Uint8Array;
  /** By the invite key, over the run and the identity. */
  readonly identitySignature: Uint8Array;
}

/** Why a chain or an invitation does not hold; the words finish a sentence. */
export type InvitationFault =
  | 'it is cut short or spoilt'
  | 'another admin signed it'
  | 'it has expired'
  | 'its admin did not sign it for this run'
  | 'it names somebody else';

const KINDS: readonly InvitationKind[] = ['open', 'personal'];
/** kind 1 ‖ expiry 4, u32be ‖ admin key 32 ‖ invite key or secret 32 ‖ admin's signature 64. */
const INVITED_BYTES = 133;
const FRAGMENT_CHARACTERS = Math.ceil((INVITED_BYTES * 4) / 3);
/** The same, then the identity's signature 64. */
export const CHAIN_BYTES = INVITED_BYTES + 64;

const invitedBody = (run: RunId, inviteKey: Uint8Array, kind: InvitationKind, expirySeconds: number) =>
  concatBytes(utf8ToBytes(run), inviteKey, Uint8Array.of(KINDS.indexOf(kind)), u32be(expirySeconds));

const identityBody = (run: RunId, identity: Uint8Array) => concatBytes(utf8ToBytes(run), identity);

/** `inviteSecret` is 32 fresh random bytes, for this invitation alone. */
export async function createInvitation(
  admin: Signer,
  run: RunId,
  terms: Pick<Invitation, 'kind' | 'expirySeconds' | 'inviteSecret'>,
): Promise<Invitation> {
  const { kind, expirySeconds } = terms;
  const inviteSecret = terms.inviteSecret.slice();
  const inviteKey = nobleSigner(inviteSecret).publicKey;
  const adminSignature = await admin.sign('invite', invitedBody(run, inviteKey, kind, expirySeconds));
  return { kind, expirySeconds, inviteSecret, adminKey: admin.publicKey, adminSignature };
}

/** Expiry of an invitation that holds as long as its run. */
const NEVER_SECONDS = 0xffffffff;

/** The fragment of a link that holds as long as its run. `inviteSecret` is 32 fresh random bytes. */
export async function lastingFragment(
  admin: Signer,
  run: RunId,
  kind: InvitationKind,
  inviteSecret: Uint8Array,
): Promise<string> {
  const terms = { kind, expirySeconds: NEVER_SECONDS, inviteSecret };
  return encodeInvitation(await createInvitation(admin, run, terms));
}

/** Base64url, for a link's fragment. */
export function encodeInvitation(invitation: Invitation): string {
  return bytesToBase64Url(encodeInvited(invitation, invitation.inviteSecret));
}

/** The form alone; what the admin signed is looked at by `verifyInvitation`. */
export function decodeInvitation(fragment: string): Result<Invitation, InvitationFault> {
  if (fragment.length !== FRAGMENT_CHARACTERS || !/^[A-Za-z0-9_-]*$/.test(fragment))
    return fail('it is cut short or spoilt');
  const bytes = base64UrlToBytes(fragment);
  const invited = decodeInvited(bytes);
  // The last character has bits to spare: one link, one spelling.
  if (invited === null || bytesToBase64Url(bytes) !== fragment) return fail('it is cut short or spoilt');
  const { key: inviteSecret, ...rest } = invited;
  return ok({ ...rest, inviteSecret });
}

/** The admin that it names signed it for this run, and it has not expired. */
export function verifyInvitation(
  invitation: Invitation,
  run: RunId,
  nowSeconds: number,
): Result<Invitation, InvitationFault> {
  const { publicKey } = nobleSigner(invitation.inviteSecret);
  if (!isInvited(run, publicKey, invitation, verify)) return fail('its admin did not sign it for this run');
  return isExpired(invitation, nowSeconds) ? fail('it has expired') : ok(invitation);
}

/** The chain of `identity` (32 bytes) under an invitation to `run`, encoded: CHAIN_BYTES. */
export async function chainFor(
  invitation: Invitation,
  run: RunId,
  identity: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const invite = nobleSigner(invitation.inviteSecret);
  const identitySignature = await invite.sign('identity', identityBody(run, identity));
  return new Uint8Array(concatBytes(encodeInvited(invitation, invite.publicKey), identitySignature));
}

function decodeChain(bytes: Uint8Array): VerifiedChain | null {
  if (bytes.length !== CHAIN_BYTES) return null;
  const invited = decodeInvited(bytes.subarray(0, INVITED_BYTES));
  if (invited === null) return null;
  const { key: inviteKey, ...rest } = invited;
  return { ...rest, inviteKey, identitySignature: bytes.slice(INVITED_BYTES) };
}

export interface ChainTerms {
  readonly run: RunId;
  /** 32 bytes, of the admin that this participant was invited by itself. */
  readonly adminKey: Uint8Array;
  /** 32 bytes, whose chain it should be. */
  readonly identity: Uint8Array;
  /** Unix time. */
  readonly nowSeconds: number;
  /** Another implementation than noble's (crypto/suite). */
  readonly verify?: (check: SignatureCheck) => boolean;
}

/** Both signatures hold, for this run, admin and identity, and the invitation has not expired. */
export function verifyChain(bytes: Uint8Array, terms: ChainTerms): Result<VerifiedChain, InvitationFault> {
  const chain = decodeChain(bytes);
  if (chain === null) return fail('it is cut short or spoilt');
  const { run, adminKey, identity, nowSeconds, verify: holds = verify } = terms;
  if (bytesToHex(chain.adminKey) !== bytesToHex(adminKey)) return fail('another admin signed it');
  if (isExpired(chain, nowSeconds)) return fail('it has expired');
  if (!isInvited(run, chain.inviteKey, chain, holds)) return fail('its admin did not sign it for this run');
  const signed = holds({
    domain: 'identity',
    body: identityBody(run, identity),
    signature: chain.identitySignature,
    publicKey: chain.inviteKey,
  });
  return signed ? ok(chain) : fail('it names somebody else');
}

/** `expirySeconds` is the first second in which it no longer holds. */
function isExpired({ expirySeconds }: Invited, nowSeconds: number): boolean {
  return nowSeconds >= expirySeconds;
}

/**
 * Whoever came by a personal invitation that another identity came by, too: nobody can tell which of them it was
 * given to, so none of them is a neighbour.
 */
export function sharedPersonalInvitations(
  chains: ReadonlyMap<ParticipantId, VerifiedChain>,
): ReadonlySet<ParticipantId> {
  const identities = new Map<string, ParticipantId[]>();
  for (const [participant, { kind, inviteKey }] of chains) {
    if (kind === 'open') continue;
    const key = bytesToHex(inviteKey);
    identities.set(key, [...(identities.get(key) ?? []), participant]);
  }
  return new Set([...identities.values()].filter(({ length }) => length > 1).flat());
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** For people to compare: the first 80 bits of the key's SHA-256 in base32 (RFC 4648), four groups of four. */
export function fingerprintOf(publicKey: Uint8Array): string {
  let bits = BigInt(`0x${bytesToHex(sha256(publicKey).subarray(0, 10))}`);
  let text = '';
  for (let i = 0; i < 16; i++) {
    text = BASE32.charAt(Number(bits & 31n)) + (i % 4 === 0 && i > 0 ? ` ${text}` : text);
    bits >>= 5n;
  }
  return text;
}

function encodeInvited(invited: Invited, key: Uint8Array): Uint8Array {
  const { kind, expirySeconds, adminKey, adminSignature } = invited;
  return concatBytes(Uint8Array.of(KINDS.indexOf(kind)), u32be(expirySeconds), adminKey, key, adminSignature);
}

/** `bytes` are INVITED_BYTES. */
function decodeInvited(bytes: Uint8Array): (Invited & { readonly key: Uint8Array }) | null {
  const kind = KINDS[bytes[0] ?? KINDS.length];
  if (kind === undefined) return null;
  return {
    kind,
    expirySeconds: new DataView(bytes.buffer, bytes.byteOffset).getUint32(1, false),
    adminKey: bytes.slice(5, 37),
    key: bytes.slice(37, 69),
    adminSignature: bytes.slice(69),
  };
}

function isInvited(
  run: RunId,
  inviteKey: Uint8Array,
  invited: Invited,
  holds: (check: SignatureCheck) => boolean,
): boolean {
  return holds({
    domain: 'invite',
    body: invitedBody(run, inviteKey, invited.kind, invited.expirySeconds),
    signature: invited.adminSignature,
    publicKey: invited.adminKey,
  });
}
