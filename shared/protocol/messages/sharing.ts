/** The roster, and the shares that roster members hold of each other's secrets. */
import * as v from 'valibot';
import { MAX_COHORT } from '../limits.ts';
import { bitset, bytes32, bytesOf, bytesUpTo, perMember, rosterIndex, signature } from './common.ts';
import { advertise } from './training.ts';

/** AES-256-GCM of b-share ‖ key-share, 32 bytes each, and the tag. */
const sealed = bytesOf(80);

/**
 * coordinator → everyone in it, signed ("roster") over sid ‖ root. The first roster of a sid is final.
 */
export const roster = v.strictObject({
  kind: v.literal('roster'),
  sid: bytes32,
  /** n × (participant 32 B ‖ SHA-256 of its unsigned advertise 32 B), sorted by participant. */
  list: bytesUpTo(64 * MAX_COHORT, 64),
  /** The advertises of the receiver's neighbours. */
  advertises: v.pipe(v.array(advertise), v.maxLength(MAX_COHORT)),
  signature,
});

/** participant → coordinator: sealed shares for neighbours that it does not reach directly. */
export const shares = v.strictObject({
  kind: v.literal('shares'),
  sid: bytes32,
  shares: perMember(v.strictObject({ to: rosterIndex, sealed })),
});
/** coordinator → participant: sealed shares of neighbours, as they came. */
export const relayed = v.strictObject({
  kind: v.literal('relayed'),
  sid: bytes32,
  shares: perMember(v.strictObject({ from: rosterIndex, sealed })),
});
/** coordinator → participant: neighbours whose share need not be waited for; a hint, nothing follows from it but that. */
export const peersGone = v.strictObject({ kind: v.literal('peers-gone'), sid: bytes32, gone: bitset });
/** participant → coordinator: the roster members whose shares it holds, itself included in the complete graph. */
export const shared = v.strictObject({
  kind: v.literal('shared'),
  sid: bytes32,
  held: bitset,
  /** Neighbours that were reached directly. */
  direct: bitset,
});

/** peer → peer, first on a direct connection: its advertise and its roster, signed ("link") for this pair. */
export const link = v.strictObject({
  kind: v.literal('link'),
  sid: bytes32,
  root: bytes32,
  advertise,
  signature,
});
/** peer → peer: its sealed share. */
export const share = v.strictObject({ kind: v.literal('share'), sid: bytes32, sealed });
