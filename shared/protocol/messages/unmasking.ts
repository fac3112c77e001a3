/** From U3 to the shares that take the masks off. */
import * as v from 'valibot';
import { bitset, bytes32, perMember, rosterIndex, signature } from './common.ts';

/** coordinator → U3, signed ("u3"): whose uploads are complete. */
export const unmaskRequest = v.strictObject({
  kind: v.literal('unmask-request'),
  sid: bytes32,
  u3: bitset,
  signature,
});
/** participant → coordinator: it has seen this U3 and no other; signature over ("confirm", sid ‖ root ‖ H(U2) ‖ H(U3)). */
export const confirm = v.strictObject({ kind: v.literal('confirm'), sid: bytes32, signature });
/** coordinator → U3: the signatures of the receiver's holders. */
export const confirmations = v.strictObject({
  kind: v.literal('confirmations'),
  sid: bytes32,
  signatures: perMember(v.strictObject({ from: rosterIndex, signature })),
});
/**
 * participant → coordinator: for each member of U2 whose shares it holds exactly one, the b-share where that
 * member is in U3, else the key-share.
 */
export const reveal = v.strictObject({
  kind: v.literal('reveal'),
  sid: bytes32,
  shares: perMember(v.strictObject({ of: rosterIndex, share: bytes32 })),
});
