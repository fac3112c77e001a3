/** This participant: its identity, how it came to the run, and the proof of both. */
import { bytesToHex } from '../base/bytes.ts';
import { isParticipantId, type ParticipantId, type RunId } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import type { Signer } from '../crypto/identity.ts';
import { chainFor, type Invitation } from '../protocol/invitation.ts';
import { PROTOCOL_VERSION } from '../protocol/limits.ts';
import type { ToCoordinatorOf, ToParticipantOf } from '../protocol/messages/directions.ts';
import { helloBody } from '../protocol/transcript.ts';
import type { IdentityPort } from './ports.ts';

export interface Self {
  readonly id: ParticipantId;
  readonly run: RunId;
  readonly signer: Signer;
  readonly slot: number | null;
  /** From the admin's key to this identity. */
  readonly chain: Uint8Array;
}

export async function openSelf(port: IdentityPort, run: RunId, invitation: Invitation): Promise<Self> {
  const { signer, slot } = await port.open(run);
  const id = bytesToHex(signer.publicKey);
  invariant(isParticipantId(id), 'an Ed25519 public key is a participant id');
  return { id, run, signer, slot, chain: await chainFor(invitation, run, signer.publicKey) };
}

/** JOIN-2: the answer to the greeting proves this identity for this connection. */
export async function helloOf(
  { run, signer, chain }: Self,
  { nonce, coordinatorKey }: ToParticipantOf<'greeting'>,
  held: Pick<ToCoordinatorOf<'hello'>, 'shard' | 'resume'>,
): Promise<ToCoordinatorOf<'hello'>> {
  const proof = await signer.sign('hello', helloBody(nonce, coordinatorKey, run));
  const participant = signer.publicKey;
  return { kind: 'hello', protocol: PROTOCOL_VERSION, run, participant, chain, proof, ...held };
}
