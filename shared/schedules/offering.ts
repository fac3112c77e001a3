/** The offer of one attempt, and the plan that its machine is begun with. */
import { hexToBytes } from '../base/bytes.ts';
import type { ModelHash, ParticipantId } from '../base/ids.ts';
import { encodeOffer } from '../protocol/codec.ts';
import { AUXILIARY_LANES, DURATION_MS, MIN_COHORT } from '../protocol/limits.ts';
import type { Offer } from '../protocol/messages/directions.ts';
import { sidOfOffer } from '../protocol/transcript.ts';
import type { RoundPlan } from '../round/coordinator/types.ts';
import { parameterCount } from '../tasks/layout.ts';
import type { Task } from '../tasks/task.ts';
import type { Setting } from './setting.ts';

export interface Offering {
  readonly offer: Offer;
  /** The offer as it is signed. */
  readonly terms: Uint8Array<ArrayBuffer>;
  readonly plan: RoundPlan;
}

export function composeOffering(
  setting: Setting,
  task: Task,
  which: {
    readonly round: number;
    readonly attempt: number;
    readonly invited: readonly ParticipantId[];
    readonly modelHash: ModelHash;
    readonly nonce: Uint8Array;
  },
  coordinatorKey: Uint8Array,
): Offering {
  const { round, attempt, invited, modelHash, nonce } = which;
  const { run, minCohort, accomplices, dropoutPerMille } = setting;
  const common = {
    round,
    attempt,
    minCohort,
    minSurvivors: MIN_COHORT,
    accomplices,
    dropoutPerMille,
    vectorWords: parameterCount(task.model) + AUXILIARY_LANES,
    durationsMs: DURATION_MS,
  };
  const offer: Offer = {
    ...common,
    run,
    nonce,
    modelHash: hexToBytes(modelHash),
    taskId: task.id,
    training: task.training,
    quantization: task.quantization,
    weightMax: task.weightMax,
    invited: invited.length,
    privacy: null,
    seed: 1,
  };
  const terms = encodeOffer(offer);
  return { offer, terms, plan: { ...common, sid: sidOfOffer(terms, coordinatorKey), modelHash, invited } };
}
