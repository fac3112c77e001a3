/** What a participant checks before it accepts an offer (OFFER-2), whatever the coordinator says. */
import { bytesToHex } from '../../base/bytes.ts';
import { fitsRing } from '../../numeric/quantize.ts';
import { MAX_COHORT } from '../../protocol/limits.ts';
import type { Offer } from '../../protocol/messages/directions.ts';
import { parameterCount } from '../../tasks/layout.ts';
import type { Task } from '../../tasks/task.ts';
import { quantizationTerms, vectorWordsOf } from '../vector.ts';
import { privacyObjection } from './privacy-policy.ts';
import type { ClientPolicy } from './types.ts';

/** Why the offer is not for this participant, as a sentence; null where it is. */
export function objection(offer: Offer, task: Task, policy: ClientPolicy): string | null {
  const { round, invited, minCohort, minSurvivors, accomplices, vectorWords, training } = offer;
  if (offer.taskId !== task.id) return `The offer is for the task ${offer.taskId}, not ${task.id}.`;
  if (!(round <= policy.rounds))
    return `The offer is for round ${round}; this tab has agreed to ${policy.rounds} rounds of this run.`;
  if (minCohort < policy.minCohort)
    return `The offer is for cohorts of ${minCohort}; this participant insists on ${policy.minCohort}.`;
  if (minSurvivors < policy.minSurvivors)
    return `The offer opens sums of ${minSurvivors}; this participant insists on ${policy.minSurvivors}.`;
  if (minSurvivors > minCohort)
    return `The offer opens no sum of fewer than ${minSurvivors}, but starts with ${minCohort}.`;
  if (invited < minCohort || invited > MAX_COHORT) return `The offer invites ${invited} participants.`;
  if (accomplices < 1 || minCohort - accomplices < policy.minHonest)
    return `With ${accomplices} accomplices a cohort of ${minCohort} would leave too few who keep the protocol; this participant insists on ${policy.minHonest}.`;
  if (vectorWords > policy.maxVectorWords)
    return `The update would have ${vectorWords} words; at most ${policy.maxVectorWords} are sent.`;
  if (vectorWords !== vectorWordsOf(offer.privacy, parameterCount(task.model)))
    return `The update would have ${vectorWords} words, which is not what the task’s model has.`;
  if (training.epochs > policy.maxEpochs)
    return `The offer asks for ${training.epochs} epochs; at most ${policy.maxEpochs} are trained.`;
  if (offer.privacy === null && !fitsRing(quantizationTerms(offer)))
    return 'The sum of the offered numbers could wrap.';
  // A coordinator may have kept those sums, and would learn from what the next differs by.
  const repeats = policy.revealed.get(bytesToHex(offer.modelHash)) ?? 0;
  if (offer.privacy === null && repeats > policy.maxRepeats)
    return `This model was tried ${repeats} times without a result after this participant had revealed its shares.`;
  return privacyObjection(offer, parameterCount(task.model), policy);
}
