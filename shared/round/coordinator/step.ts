/**
 * The coordinator's side of one attempt at a round (SID). Pure: time, messages and results come in as
 * events, what is to be done goes out as effects, in order. Signatures in messages have been verified.
 *
 *   state      | event                                            | next       | effects besides publish
 *   -----------|--------------------------------------------------|------------|---------------------------------------------
 *   (begin)    |                                                  | offered    | start offered timer; the driver sends the offer
 *   offered    | accept, decline, gone; some have not answered    | offered    |
 *   offered    | advertise of one that accepted                   | offered    |
 *   offered    | the last answer; accepted ≥ minCohort            | training   | start training timer
 *   offered    | deadline; accepted ≥ minCohort                   | training   | dismiss the silent; start timer
 *   offered    | accepted + silent < minCohort (deadline: accepted) | aborted  | too-few-accepted
 *   training   | advertise, decline, gone; some still train       | training   |
 *   training   | the last advertise (or the others left)          | sharing    | roster to all in it; start timer
 *   training   | deadline; advertised ≥ minCohort                 | sharing    | dismiss the late; roster; timer
 *   training   | advertised + training < minCohort (deadline: advertised) | aborted | too-few-trained
 *   training   | no graph protects the roster                     | aborted    | unsafe-cohort
 *   sharing    | shares                                           | sharing    | relay-shares
 *   sharing    | shared; some are missing                         | sharing    |
 *   sharing    | gone; some are missing                           | sharing    | peers-gone to those who wait
 *   sharing    | all reported or absent; deadline; U2 ≥ minCohort | masking    | dismiss the others; mask-request; timer
 *   sharing    | the same; U2 < minCohort                         | aborted    | too-few-shared
 *   masking    | masked-ready                                     | masking    | queue-upload
 *   masking    | chunk of a member that is not complete           | masking    | take-chunk
 *   masking    | uploaded; some are missing                       | masking    |
 *   masking    | all uploaded or absent; deadline; enough for U3  | confirming | freeze, dismiss, persist-unmasking, unmask-request, timer
 *   masking    | the same; too few                                | aborted    | discard; too-few-uploaded
 *   confirming | confirm; some are missing                        | confirming |
 *   confirming | all confirmed or absent; deadline; enough        | unmasking  | confirmations to U3; timer
 *   confirming | the same; too few                                | aborted    | discard; too-few-confirmed
 *   unmasking  | reveal                                           | unmasking  | take-shares; rebuild once enough
 *   unmasking  | rebuilt                                          | opening    | open-sum
 *   unmasking  | rebuild-failed; more shares came or may come     | unmasking  | rebuild with them
 *   unmasking  | all revealed or absent, deadline; too few, or rebuild-failed with all | aborted | discard; too-few-shares
 *   opening    | opened                                           | done       | persist, then result to U3
 *   opening    | unopenable                                       | aborted    | discard; sum-invalid
 *   opening    | gone, stop                                       | opening    |
 *   sharing to unmasking | returned                               | same       | what it was sent last, again
 *   every one but opening | stop                                  | aborted    | stopped
 *   done, aborted | anything                                      | same       | none
 *
 * Before the roster who is gone is out; after it, who is gone is not waited for and may come back. A second,
 * different advertise (or another's mask key) counts its sender as gone; a second, different `shared` counts for
 * nothing. Exact duplicates, deadlines of phases that are over, and messages of those left out are ignored;
 * anything else is answered with a fault and changes nothing. Every abort is persisted before it is sent.
 */
import { invariant, unreachable } from '../../base/invariant.ts';
import { MIN_COHORT } from '../../protocol/limits.ts';
import { confirming } from './confirming.ts';
import { masking } from './masking.ts';
import { offered } from './offered.ts';
import { opening } from './opening.ts';
import { sharing } from './sharing.ts';
import { training } from './training.ts';
import type { CoordinatorEvent, CoordinatorState, CoordinatorStep, RoundPlan } from './types.ts';
import { unmasking } from './unmasking.ts';

/** The attempt begins with its offer on the way to all `plan.invited`. */
export function begin(plan: RoundPlan): CoordinatorStep {
  invariant(plan.minCohort >= MIN_COHORT, 'no round has a smaller cohort than MIN_COHORT');
  invariant(plan.minSurvivors >= MIN_COHORT, 'no sum is opened of fewer than MIN_COHORT');
  invariant(plan.invited.length >= plan.minCohort, 'an offer goes to at least minCohort participants');
  invariant(new Set(plan.invited).size === plan.invited.length, 'each participant is invited once');
  return {
    state: {
      kind: 'offered',
      plan,
      declined: new Set(),
      dropped: new Set(),
      pending: new Set(plan.invited),
      accepted: new Set(),
      advertised: new Map(),
    },
    effects: [{ kind: 'start-timer', phase: 'offered', ms: plan.durationsMs.offered }, { kind: 'publish' }],
  };
}

export function step(state: CoordinatorState, event: CoordinatorEvent): CoordinatorStep {
  switch (state.kind) {
    case 'offered':
      return offered(state, event);
    case 'training':
      return training(state, event);
    case 'sharing':
      return sharing(state, event);
    case 'masking':
      return masking(state, event);
    case 'confirming':
      return confirming(state, event);
    case 'unmasking':
      return unmasking(state, event);
    case 'opening':
      return opening(state, event);
    case 'done':
    case 'aborted':
      return { state, effects: [] };
    default:
      return unreachable(state);
  }
}
