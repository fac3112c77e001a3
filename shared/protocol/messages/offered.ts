/** The offer of a round and the answers to it. */
import * as v from 'valibot';
import { offeredPrivacy } from '../../privacy/offered-privacy.ts';
import { localTraining, quantization } from '../../tasks/task.ts';
import { bytes32, bytesUpTo, count, signature, text } from './common.ts';

/** The terms of one attempt, all of them. sid = SHA-256("sid" ‖ their deterministic CBOR ‖ coordinator key). */
export const offerTerms = v.strictObject({
  run: text(16),
  /** 1-based number of the model this round makes. */
  round: count,
  /** 1-based try at this round. */
  attempt: count,
  nonce: bytes32,
  modelHash: bytes32,
  taskId: text(40),
  training: localTraining,
  quantization,
  /** Examples a participant may count for, at most; one that has more declines. */
  weightMax: v.pipe(count, v.minValue(1)),
  /** Participants this offer goes to; the lanes leave room for their sum. */
  invited: count,
  minCohort: count,
  /** No sum of fewer is opened. */
  minSurvivors: count,
  /** C: participants that may work with the coordinator without learning more than the sum. */
  accomplices: count,
  /** D is this share of the roster, in thousandths, rounded down. */
  dropoutPerMille: v.pipe(count, v.maxValue(999)),
  /** Lanes of the masked vector: parameters (padded, under noise) and then auxiliary lanes. */
  vectorWords: count,
  /** Null where no noise is added: the sum is then a weighted mean's, and `quantization` says how numbers travel. */
  privacy: v.nullable(offeredPrivacy),
  seed: count,
  durationsMs: v.strictObject({
    offered: count,
    training: count,
    sharing: count,
    masking: count,
    confirming: count,
    unmasking: count,
  }),
});

/** coordinator → each participant of the waiting room: the bytes of the terms, signed ("offer"). */
export const offer = v.strictObject({ kind: v.literal('offer'), terms: bytesUpTo(2_048), signature });

/** participant → coordinator. */
export const accept = v.strictObject({ kind: v.literal('accept'), sid: bytes32 });
/** participant → coordinator: it takes no part, or no longer, in this round. Reasons name policy or the device, not data. */
export const decline = v.strictObject({
  kind: v.literal('decline'),
  sid: bytes32,
  reason: v.picklist(['policy', 'model-unavailable', 'training-failed', 'paused', 'refused']),
});
