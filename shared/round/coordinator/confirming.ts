/** CONFIRM: U3 is final; its members sign that they have seen the same one. */
import type { ParticipantId } from '../../base/ids.ts';
import { shortOfHolders } from './cohort-sets.ts';
import { abortRound, idsOf, indexOf, membersOf, otherwise, stay, withAbsent } from './endings.ts';
import { late, outOfSum, unmaskRequest } from './frozen.ts';
import { ascending, including } from './sets.ts';
import type { CoordinatorEffect, CoordinatorEvent, CoordinatorStep, StateOf } from './types.ts';
import { enterUnmasking } from './unmasking.ts';

type Confirming = StateOf<'confirming'>;

export function confirming(state: Confirming, event: CoordinatorEvent): CoordinatorStep {
  if (!('from' in event)) {
    if (event.kind === 'deadline' && event.phase === 'confirming') return close(state, []);
    return otherwise(state, event);
  }
  const index = indexOf(state, event.from);
  switch (event.kind) {
    case 'confirm':
      if (!state.u3.has(index)) return otherwise(state, event);
      if (state.confirmed.has(index)) return stay(state);
      return settle({ ...state, confirmed: including(state.confirmed, index) });
    case 'masked-ready':
    case 'chunk':
      return late(state, event.from, index);
    case 'decline':
    case 'gone':
      return index < 0 ? stay(state) : settle(withAbsent(state, event.from, true));
    case 'returned':
      return index < 0 ? stay(state) : welcomeBack(state, event.from, index);
    default:
      return otherwise(state, event);
  }
}

/** CONFIRM-1: on disk before anybody is asked. `effects` come first. */
export function enterConfirming(
  { plan, declined, dropped, cohort, absent, held, u2, uploaded }: StateOf<'masking'>,
  effects: readonly CoordinatorEffect[],
): CoordinatorStep {
  const state: Confirming = {
    kind: 'confirming',
    plan,
    declined,
    dropped,
    cohort,
    absent,
    held,
    u2,
    u3: uploaded,
    confirmed: new Set(),
  };
  const out = idsOf(
    state,
    ascending(u2).filter((index) => !uploaded.has(index)),
  );
  const detail = 'Its upload was not complete in time; the round goes on without this participant.';
  const dismissed: CoordinatorEffect[] =
    out.length === 0 ? [] : [{ kind: 'send-dismissed', to: out, detail }];
  return settle(
    state,
    ...effects,
    { kind: 'freeze-uploads' },
    ...dismissed,
    { kind: 'persist-unmasking', survivors: uploaded.size },
    unmaskRequest(state, idsOf(state, ascending(uploaded))),
    { kind: 'start-timer', phase: 'confirming', ms: plan.durationsMs.confirming },
  );
}

function welcomeBack(state: Confirming, from: ParticipantId, index: number): CoordinatorStep {
  if (!state.u3.has(index)) return outOfSum(state, from);
  return stay(withAbsent(state, from, false), unmaskRequest(state, [from]), { kind: 'publish' });
}

function settle(state: Confirming, ...effects: CoordinatorEffect[]): CoordinatorStep {
  const waiting = [...state.u3].some((index) => !state.confirmed.has(index) && !state.absent.has(index));
  if (waiting) return stay(state, ...effects, { kind: 'publish' });
  return close(state, [...effects, { kind: 'cancel-timer', phase: 'confirming' }]);
}

/** CONFIRM-3: too few signatures of somebody's holders, and it would reveal nothing. */
function close(state: Confirming, effects: readonly CoordinatorEffect[]): CoordinatorStep {
  const short = shortOfHolders(state.cohort, state.held, state.u2, state.confirmed);
  if (short.length === 0) return enterUnmasking(state, effects);
  const detail = `${state.confirmed.size} of ${state.u3.size} confirmed the sum, too few to take its masks off; nothing was opened.`;
  const aborted = abortRound(state, 'too-few-confirmed', detail, membersOf(state));
  return { ...aborted, effects: [...effects, ...aborted.effects] };
}
