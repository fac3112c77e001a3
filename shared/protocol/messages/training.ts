/** While participants train. All participant → coordinator. */
import * as v from 'valibot';
import { agreementKey, bytes32, bytesUpTo, count, signature } from './common.ts';
import { invitationChain } from './waiting.ts';

export const progress = v.strictObject({
  kind: v.literal('progress'),
  sid: bytes32,
  percent: v.pipe(count, v.maxValue(100)),
});

/**
 * The participant has trained: its fresh keys for this attempt, signed ("advertise"). Goes on to its neighbours
 * with the roster, and directly from it.
 */
export const advertise = v.strictObject({
  kind: v.literal('advertise'),
  sid: bytes32,
  /** Ed25519 public key, the id. */
  participant: bytes32,
  chain: invitationChain,
  /** X25519: masks are agreed with it. */
  maskKey: agreementKey,
  /** X25519: shares are sealed to it. */
  sealKey: agreementKey,
  /** SHA-256("b" ‖ sid ‖ b) of the self mask's seed b. */
  commitment: bytes32,
  /** Where it is reached directly (16 bytes), empty where it cannot be. */
  link: bytesUpTo(16, 0),
  signature,
});
