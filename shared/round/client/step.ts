/**
 * A participant's side of one attempt at a round (SID). Pure: time, messages and results come in as events,
 * what is to be done goes out as effects, in order.
 *
 *   state      | event                                   | next       | effects
 *   -----------|-----------------------------------------|------------|------------------------------------------
 *   (begin)    | the offer meets the policy              | training   | accept, start timer, train
 *   (begin)    | it does not                             | left       | decline policy
 *   training   | progress                                | training   | progress
 *   training   | trained                                 | keying     | make-key
 *   training   | training-failed, model-unavailable      | left       | erase, decline
 *   keying     | keyed                                   | advertised | advertise
 *   advertised | roster, valid                           | masking    | restart timer, mask
 *   advertised | roster, invalid                         | left       | erase, decline, report
 *   masking    | masked                                  | uploading  | upload
 *   masking    | mask-failed                             | left       | erase, decline
 *   masking, uploading | a different roster              | left       | erase, decline, report
 *   uploading  | uploaded                                | submitted  | erase, restart timer
 *   uploading, submitted | result                        | done       | erase
 *   any active | abort                                   | aborted    | erase
 *   training, keying, advertised | deadline              | left       | erase (roster-late)
 *   masking, uploading, submitted | deadline             | left       | erase (outcome-late)
 *   any active | socket-lost, leave                      | left       | erase
 *   done, aborted, left | anything                       | same       | none
 *
 * Every way out of an active state cancels the timer. The same roster again and progress after training are
 * ignored; any other message of the coordinator is reported as a fault and changes nothing. A sid is begun at
 * most once by its driver (OFFER-3).
 */
import { unreachable } from '../../base/invariant.ts';
import type { ParticipantId, Sid } from '../../base/ids.ts';
import type { Offer } from '../../protocol/messages/directions.ts';
import type { Task } from '../../tasks/task.ts';
import { advertised } from './advertised.ts';
import { keying } from './keying.ts';
import { masking } from './masking.ts';
import { rosterWaitMs } from './patience.ts';
import { objection } from './policy.ts';
import { submitted } from './submitted.ts';
import { training } from './training.ts';
import type { ClientEvent, ClientPlan, ClientPolicy, ClientState, ClientStep } from './types.ts';
import { uploading } from './uploading.ts';

/** `sid` is the sid of the offer's bytes (protocol/transcript), `task` the one welcomed with. */
export function begin(
  self: ParticipantId,
  sid: Sid,
  offer: Offer,
  task: Task,
  policy: ClientPolicy,
): ClientStep {
  const plan: ClientPlan = { sid, offer, self };
  if (objection(offer, task, policy) !== null)
    return {
      state: { kind: 'left', plan, why: 'policy' },
      effects: [{ kind: 'send-decline', reason: 'policy' }],
    };
  return {
    state: { kind: 'training', plan },
    effects: [{ kind: 'send-accept' }, { kind: 'start-timer', ms: rosterWaitMs(plan) }, { kind: 'train' }],
  };
}

export function step(state: ClientState, event: ClientEvent): ClientStep {
  switch (state.kind) {
    case 'training':
      return training(state, event);
    case 'keying':
      return keying(state, event);
    case 'advertised':
      return advertised(state, event);
    case 'masking':
      return masking(state, event);
    case 'uploading':
      return uploading(state, event);
    case 'submitted':
      return submitted(state, event);
    case 'done':
    case 'aborted':
    case 'left':
      return { state, effects: [] };
    default:
      return unreachable(state);
  }
}
