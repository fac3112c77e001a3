/** REVEAL, OPEN: shares of self masks of U3 and of mask keys of those who dropped take the masks off. */
import { shortOfHolders } from './cohort-sets.ts';
import { abortRound, idsOf, indexOf, membersOf, otherwise, stay, unasked, withAbsent } from './endings.ts';
import { late, outOfSum, unmaskRequest } from './frozen.ts';
import { ascending, including } from './sets.ts';
import type { CoordinatorEffect, CoordinatorEvent, CoordinatorStep, StateOf } from './types.ts';

type Unmasking = StateOf<'unmasking'>;

export function unmasking(state: Unmasking, event: CoordinatorEvent): CoordinatorStep {
  switch (event.kind) {
    case 'deadline':
      return event.phase === 'unmasking' ? settle({ ...state, overdue: true }) : stay(state);
    case 'rebuilt':
      return state.rebuilding === null ? unasked(state, event) : enterOpening(state);
    case 'rebuild-failed': {
      const { rebuilding: revealed } = state;
      if (revealed === null) return unasked(state, event);
      return settle({ ...state, rebuilding: null, failure: { revealed, detail: event.detail } });
    }
    case 'opened':
    case 'unopenable':
    case 'uploaded':
      return unasked(state, event);
    case 'stop':
      return otherwise(state, event);
    default:
      return fromParticipant(state, event);
  }
}

function fromParticipant(
  state: Unmasking,
  event: Extract<CoordinatorEvent, { from: unknown }>,
): CoordinatorStep {
  const { from } = event;
  const index = indexOf(state, from);
  switch (event.kind) {
    case 'reveal':
      return reveal(state, event, index);
    // Its own signature came too late to count, or once more.
    case 'confirm':
      return state.u3.has(index) ? stay(state) : otherwise(state, event);
    case 'masked-ready':
    case 'chunk':
      return late(state, from, index);
    case 'decline':
    case 'gone':
      return index < 0 ? stay(state) : settle(withAbsent(state, from, true));
    case 'returned': {
      if (index < 0) return stay(state);
      if (!state.u3.has(index)) return outOfSum(state, from);
      const confirmed = ascending(state.confirmed);
      return stay(withAbsent(state, from, false), unmaskRequest(state, [from]), {
        kind: 'send-confirmations',
        to: [from],
        confirmed,
      });
    }
    default:
      return otherwise(state, event);
  }
}

/** CONFIRM-2: the signatures go to all of U3. `effects` come first. */
export function enterUnmasking(
  state: StateOf<'confirming'>,
  effects: readonly CoordinatorEffect[],
): CoordinatorStep {
  const { u3, confirmed, plan } = state;
  return stay(
    { ...state, kind: 'unmasking', revealed: new Set(), rebuilding: null, failure: null, overdue: false },
    ...effects,
    { kind: 'send-confirmations', to: idsOf(state, ascending(u3)), confirmed: ascending(confirmed) },
    { kind: 'start-timer', phase: 'unmasking', ms: plan.durationsMs.unmasking },
    { kind: 'publish' },
  );
}

function reveal(
  state: Unmasking,
  event: Extract<CoordinatorEvent, { kind: 'reveal' }>,
  index: number,
): CoordinatorStep {
  if (!state.u3.has(index)) return otherwise(state, event);
  // REVEAL-3: the first one counts.
  if (state.revealed.has(index)) return stay(state);
  const next = settle({ ...state, revealed: including(state.revealed, index) });
  return { ...next, effects: [{ kind: 'take-shares', from: event.from }, ...next.effects] };
}

/**
 * OPEN-1: rebuilds as soon as there are enough shares of everybody's. OPEN-2: again where that failed and more
 * have come, never with the same; with every share there is, a failure is final.
 */
function settle(state: Unmasking): CoordinatorStep {
  const { cohort, held, u2, u3, revealed, rebuilding, failure, absent, overdue } = state;
  if (rebuilding !== null) return stay(state);
  const short = shortOfHolders(cohort, held, u2, revealed);
  if (short.length === 0 && revealed.size > (failure?.revealed ?? 0))
    return stay(
      { ...state, rebuilding: revealed.size },
      {
        kind: 'rebuild',
        survivors: ascending(u3),
        dropped: ascending(u2).filter((index) => !u3.has(index)),
      },
      { kind: 'publish' },
    );
  const complete = overdue || [...u3].every((index) => revealed.has(index) || absent.has(index));
  if (!complete) return stay(state, { kind: 'publish' });
  return tooFew(
    state,
    failure?.detail ??
      `${revealed.size} of ${u3.size} revealed their shares, too few to take off the masks of ${short.length}.`,
  );
}

const tooFew = (state: Unmasking, detail: string): CoordinatorStep =>
  abortRound(state, 'too-few-shares', detail, membersOf(state));

function enterOpening({ plan, declined, dropped, cohort, absent, u2, u3 }: Unmasking): CoordinatorStep {
  const effects: CoordinatorEffect[] = [
    { kind: 'cancel-timer', phase: 'unmasking' },
    { kind: 'open-sum' },
    { kind: 'publish' },
  ];
  return stay({ kind: 'opening', plan, declined, dropped, cohort, absent, u2, u3 }, ...effects);
}
