/** The offer of a round and the answers to it. */
import * as v from 'valibot';
import { localTraining, quantization } from '../../tasks/task.ts';
import { bytes32, count, text } from './common.ts';

/** coordinator → each participant of the waiting room. sid = SHA-256("sid" ‖ these bytes ‖ coordinator key). */
export const offer = v.strictObject({
  kind: v.literal('offer'),
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
  /** Participants this offer goes to; the quantization scale leaves room for their sum. */
  invited: count,
  minCohort: count,
  /** Ring words in the masked vector: parameters and then auxiliary lanes. */
  vectorWords: count,
  seed: count,
  durationsMs: v.strictObject({ offered: count, training: count, rostered: count, masking: count }),
});

/** participant → coordinator. */
export const accept = v.strictObject({ kind: v.literal('accept'), sid: bytes32 });
/** participant → coordinator: it takes no part, or no longer, in this round. Reasons name policy or the device, not data. */
export const decline = v.strictObject({
  kind: v.literal('decline'),
  sid: bytes32,
  reason: v.picklist(['policy', 'model-unavailable', 'training-failed', 'paused']),
});
