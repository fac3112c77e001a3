/**
 * The coordinator's side of one attempt at a round (SID). Pure: time, messages and results come in as
 * events, what is to be done goes out as effects, in order.
 *
 *   state    | event                                            | next      | effects besides publish
 *   ---------|--------------------------------------------------|-----------|---------------------------------------------
 *   (begin)  |                                                  | offered   | start offered timer; the driver sends the offer
 *   offered  | accept, decline, gone; some have not answered    | offered   |
 *   offered  | advertise of one that accepted                   | offered   |
 *   offered  | the last answer; accepted ≥ minCohort            | training  | start training timer
 *   offered  | deadline; accepted ≥ minCohort                   | training  | abort not-in-roster to the silent; start timer
 *   offered  | accepted + silent < minCohort (deadline: accepted) | aborted | too-few-accepted
 *   training | advertise, decline, gone; some still train       | training  |
 *   training | the last advertise (or the others left)          | masking   | roster to all in it; start masking timer
 *   training | deadline; advertised ≥ minCohort                 | masking   | abort not-in-roster to the late; roster; timer
 *   training | advertised + training < minCohort (deadline: advertised) | aborted | too-few-trained
 *   masking  | chunk of a member that is not complete           | masking   | take-chunk
 *   masking  | uploaded; some are missing                       | masking   |
 *   masking  | uploaded; all are in                             | opening   | open-sum
 *   masking  | gone or decline of a member not complete, deadline | aborted | discard; upload-missing
 *   opening  | opened                                           | done      | persist, then result to the roster
 *   opening  | unopenable                                       | aborted   | discard; sum-invalid
 *   opening  | gone, stop                                       | opening   |
 *   offered, training, masking | stop                           | aborted   | stopped
 *   done, aborted | anything                                    | same      | none
 *
 * A second, different key (or another participant's) in offered or training counts its sender as gone. Exact
 * duplicates, deadlines of phases that are over, and messages of those left out are ignored; anything else
 * is answered with a fault and changes nothing. Entering training or masking with everything there already
 * goes straight on. Every abort is persisted before it is sent.
 */
import { invariant, unreachable } from '../../base/invariant.ts';
import { MIN_COHORT } from '../../protocol/limits.ts';
import { masking } from './masking.ts';
import { offered } from './offered.ts';
import { opening } from './opening.ts';
import { training } from './training.ts';
import type { CoordinatorEvent, CoordinatorState, CoordinatorStep, RoundPlan } from './types.ts';

/** The attempt begins with its offer on the way to all `plan.invited`. */
export function begin(plan: RoundPlan): CoordinatorStep {
  invariant(plan.minCohort >= MIN_COHORT, 'no round has a smaller cohort than MIN_COHORT');
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
    case 'masking':
      return masking(state, event);
    case 'opening':
      return opening(state, event);
    case 'done':
    case 'aborted':
      return { state, effects: [] };
    default:
      return unreachable(state);
  }
}
