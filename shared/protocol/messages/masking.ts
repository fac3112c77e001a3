/** From the frozen roster to the masked vectors. */
import * as v from 'valibot';
import { MAX_COHORT, UPLOAD_CHUNK_BYTES } from '../limits.ts';
import { agreementKey, bytes32, bytesUpTo, count } from './common.ts';

/**
 * coordinator → everyone in it. Sorted by participant id, each id and each key once; the first roster of a
 * sid is final. Mask keys are relayed by the coordinator here.
 */
export const roster = v.strictObject({
  kind: v.literal('roster'),
  sid: bytes32,
  entries: v.pipe(
    v.array(v.strictObject({ participant: bytes32, maskKey: agreementKey })),
    v.minLength(1),
    v.maxLength(MAX_COHORT),
  ),
});

/** participant → coordinator: chunk `index` (0-based, in order) of `chunks`; little-endian 32-bit ring words. */
export const masked = v.strictObject({
  kind: v.literal('masked'),
  sid: bytes32,
  index: count,
  chunks: count,
  bytes: bytesUpTo(UPLOAD_CHUNK_BYTES),
});
