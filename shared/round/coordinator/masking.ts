/** MASK, UPLOAD: U2 masks and uploads; who does not finish costs its own upload and nothing else. */
import { indexOf, abortRound, idsOf, membersOf, otherwise, stay, unasked, withAbsent } from './endings.ts';
import { enterConfirming } from './confirming.ts';
import { shortOfHolders } from './cohort-sets.ts';
import { ascending, including } from './sets.ts';
import type { CoordinatorEffect, CoordinatorEvent, CoordinatorStep, StateOf } from './types.ts';

type Masking = StateOf<'masking'>;

export function masking(state: Masking, event: CoordinatorEvent): CoordinatorStep {
  if (!('from' in event)) {
    if (event.kind === 'deadline' && event.phase === 'masking') return close(state, []);
    return otherwise(state, event);
  }
  const { from } = event;
  const index = indexOf(state, from);
  const missing = state.u2.has(index) && !state.uploaded.has(index);
  switch (event.kind) {
    case 'masked-ready':
      if (missing) return stay(state, { kind: 'queue-upload', from });
      return state.uploaded.has(index) ? stay(state) : otherwise(state, event);
    case 'chunk':
      if (missing) return stay(state, { kind: 'take-chunk', from });
      // Sent again after a reconnect.
      return state.uploaded.has(index) ? stay(state) : otherwise(state, event);
    case 'uploaded':
      if (!missing) return unasked(state, event);
      return settle({ ...state, uploaded: including(state.uploaded, index) });
    // Its word came after the deadline, or once more.
    case 'shared':
    case 'shares':
      return index < 0 ? otherwise(state, event) : stay(state);
    case 'decline':
    case 'gone':
      return index < 0 ? stay(state) : settle(withAbsent(state, from, true));
    case 'returned':
      return index < 0 ? stay(state) : welcomeBack(state, from, index);
    default:
      return otherwise(state, event);
  }
}

/** MASK-1: U2 is final; whoever is not in it is told. `effects` come first. */
export function enterMasking(
  { plan, declined, dropped, cohort, absent, held }: StateOf<'sharing'>,
  u2: ReadonlySet<number>,
  effects: readonly CoordinatorEffect[],
): CoordinatorStep {
  const state: Masking = {
    kind: 'masking',
    plan,
    declined,
    dropped,
    cohort,
    absent,
    held,
    u2,
    uploaded: new Set(),
  };
  const out = idsOf(
    state,
    cohort.roster.keys().filter((index) => !u2.has(index)),
  );
  const detail = 'Too few shares were exchanged in time; the round goes on without this participant.';
  const dismissed: CoordinatorEffect[] =
    out.length === 0 ? [] : [{ kind: 'send-dismissed', to: out, detail }];
  const members = ascending(u2);
  return settle(
    state,
    ...effects,
    ...dismissed,
    { kind: 'send-mask-request', to: idsOf(state, members), u2: members },
    { kind: 'start-timer', phase: 'masking', ms: plan.durationsMs.masking },
  );
}

function welcomeBack(state: Masking, from: StateOf<'masking'>['plan']['invited'][number], index: number) {
  if (!state.u2.has(index)) {
    const detail = 'The round went on without this participant while it was away.';
    return stay(state, { kind: 'send-dismissed', to: [from], detail });
  }
  return stay(
    withAbsent(state, from, false),
    { kind: 'send-mask-request', to: [from], u2: ascending(state.u2) },
    { kind: 'publish' },
  );
}

function settle(state: Masking, ...effects: CoordinatorEffect[]): CoordinatorStep {
  const waiting = [...state.u2].some((index) => !state.uploaded.has(index) && !state.absent.has(index));
  if (waiting) return stay(state, ...effects, { kind: 'publish' });
  return close(state, [...effects, { kind: 'cancel-timer', phase: 'masking' }]);
}

/** UPLOAD-4: U3 is made of the complete uploads; an upload that comes later is discarded unread. */
function close(state: Masking, effects: readonly CoordinatorEffect[]): CoordinatorStep {
  const { plan, cohort, held, u2, uploaded } = state;
  const abort = (detail: string) => {
    const aborted = abortRound(state, 'too-few-uploaded', detail, membersOf(state));
    return { ...aborted, effects: [...effects, ...aborted.effects] };
  };
  if (uploaded.size < plan.minSurvivors)
    return abort(`${uploaded.size} uploads were complete; a sum is opened of ${plan.minSurvivors} or more.`);
  const short = shortOfHolders(cohort, held, u2, uploaded);
  if (short.length > 0)
    return abort(
      `So many left that the masks of ${short.length} could not be taken off again; nothing was opened.`,
    );
  return enterConfirming(state, effects);
}
