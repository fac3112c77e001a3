/**
 * A participant's side of one attempt at a round (SID). Pure: time, messages and results come in as events,
 * what is to be done goes out as effects, in order. Messages of the coordinator come in with their signature
 * verified and for this sid.
 *
 *   state      | event                                   | next       | effects
 *   -----------|-----------------------------------------|------------|------------------------------------------
 *   (begin)    | the offer meets the policy              | training   | accept, start timer, train
 *   (begin)    | it does not                             | left       | decline policy
 *   training   | progress                                | training   | progress
 *   training   | trained                                 | keying     | make-keys
 *   training   | training-failed, model-unavailable      | left       | erase, decline
 *   keying     | keyed                                   | advertised | advertise
 *   advertised | roster, valid                           | checking   | check-roster
 *   advertised | roster, invalid                         | left       | erase, decline
 *   checking   | roster-checked                          | sharing    | restart timer, exchange-shares
 *   checking   | roster-refused                          | left       | erase, decline
 *   sharing    | share-held, peers-gone; some may come   | sharing    |
 *   sharing    | share-held, peers-gone; none may come; deadline | shared | shared, restart timer
 *   shared     | mask-request, valid                     | masking    | restart timer, mask
 *   shared     | mask-request, invalid                   | left       | erase, decline
 *   masking    | masked                                  | uploading  | erase-masking, masked-ready
 *   masking    | mask-failed, unmask-request             | left       | erase, decline
 *   uploading  | upload-grant                            | uploading  | upload
 *   uploading  | uploaded                                | submitted  |
 *   submitted  | upload-grant                            | uploading  | upload
 *   uploading, submitted | unmask-request, valid         | confirming | restart timer, confirm
 *   uploading, submitted | unmask-request, invalid       | left       | erase, decline
 *   confirming | confirmations, enough                   | revealed   | restart timer, reveal
 *   confirming | confirmations, too few                  | left       | erase, decline
 *   masking … revealed | result                          | done       | erase
 *   any active | a second, different roster, U2 or U3    | left       | erase, decline, keep-evidence
 *   any active | abort                                   | aborted    | erase
 *   any active | dismissed, leave; deadline except sharing's | left   | erase
 *   any active | reconnected                             | same       | what it sent last is sent again
 *   done, aborted, left | anything                       | same       | none
 *
 * Every way out of an active state cancels the timer. Exact repeats are ignored; any other message of the
 * coordinator is reported as a fault and changes nothing. A sid is begun at most once by its driver (OFFER-3).
 */
import { unreachable } from '../../base/invariant.ts';
import type { ParticipantId, Sid } from '../../base/ids.ts';
import type { Offer } from '../../protocol/messages/directions.ts';
import type { Task } from '../../tasks/task.ts';
import { advertised } from './advertised.ts';
import { checking } from './checking.ts';
import { confirming } from './confirming.ts';
import { keying } from './keying.ts';
import { masking } from './masking.ts';
import { rosterWaitMs } from './patience.ts';
import { objection } from './policy.ts';
import { revealed } from './revealed.ts';
import { shared } from './shared.ts';
import { sharing } from './sharing.ts';
import { submitted } from './submitted.ts';
import { training } from './training.ts';
import type { ClientEvent, ClientPlan, ClientPolicy, ClientState, ClientStep } from './types.ts';
import { uploading } from './uploading.ts';

/** `sid` is the sid of the offer's terms (protocol/transcript), `task` the one welcomed with. */
export function begin(
  self: ParticipantId,
  sid: Sid,
  offer: Offer,
  task: Task,
  policy: ClientPolicy,
): ClientStep {
  const plan: ClientPlan = { sid, offer, self };
  const detail = objection(offer, task, policy);
  if (detail !== null)
    return {
      state: { kind: 'left', plan, why: 'policy', detail, revealed: false },
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
    case 'checking':
      return checking(state, event);
    case 'sharing':
      return sharing(state, event);
    case 'shared':
      return shared(state, event);
    case 'masking':
      return masking(state, event);
    case 'uploading':
      return uploading(state, event);
    case 'submitted':
      return submitted(state, event);
    case 'confirming':
      return confirming(state, event);
    case 'revealed':
      return revealed(state, event);
    case 'done':
    case 'aborted':
    case 'left':
      return { state, effects: [] };
    default:
      return unreachable(state);
  }
}

/** Nothing more happens in this attempt. */
export const isOver = (state: ClientState): boolean =>
  state.kind === 'done' || state.kind === 'aborted' || state.kind === 'left';
