/** What a participant checks before it accepts an offer (OFFER-2), whatever the coordinator says. */
import { fitsRing, type QuantizationTerms } from '../../numeric/quantize.ts';
import { AUXILIARY_LANES, MAX_COHORT } from '../../protocol/limits.ts';
import type { Offer } from '../../protocol/messages/directions.ts';
import { parameterCount } from '../../tasks/layout.ts';
import type { Task } from '../../tasks/task.ts';
import type { ClientPolicy } from './types.ts';

export function quantizationTerms(offer: Offer): QuantizationTerms {
  return { range: offer.quantization.range, invited: offer.invited, weightMax: offer.weightMax };
}

/** Why the offer is not for this participant, as a sentence; null where it is. */
export function objection(offer: Offer, task: Task, policy: ClientPolicy): string | null {
  if (offer.taskId !== task.id) return `The offer is for the task ${offer.taskId}, not ${task.id}.`;
  if (offer.minCohort < policy.minCohort)
    return `The offer opens sums of ${offer.minCohort}; this participant insists on ${policy.minCohort}.`;
  if (offer.invited < offer.minCohort || offer.invited > MAX_COHORT)
    return `The offer invites ${offer.invited} participants.`;
  if (offer.vectorWords > policy.maxVectorWords)
    return `The update would have ${offer.vectorWords} words; at most ${policy.maxVectorWords} are sent.`;
  if (offer.vectorWords !== parameterCount(task.model) + AUXILIARY_LANES)
    return `The update would have ${offer.vectorWords} words, which is not what the task’s model has.`;
  if (offer.training.epochs > policy.maxEpochs)
    return `The offer asks for ${offer.training.epochs} epochs; at most ${policy.maxEpochs} are trained.`;
  if (!fitsRing(quantizationTerms(offer))) return 'The sum of the offered numbers could wrap.';
  return null;
}
