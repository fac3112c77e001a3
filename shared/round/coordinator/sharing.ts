/** ROSTER, SHARE: the roster is final; its members share their secrets with their neighbours. */
import type { ParticipantId } from '../../base/ids.ts';
import { invariant } from '../../base/invariant.ts';
import { rosterList, rosterRoot } from '../../protocol/transcript.ts';
import { neighbourhoods } from '../graph.ts';
import { graphParameters } from '../parameters.ts';
import { dropoutsOf, sharingSurvivors } from './cohort-sets.ts';
import {
  abortRound,
  idsOf,
  indexOf,
  membersOf,
  otherwise,
  outsider,
  secondValue,
  stay,
  withAbsent,
} from './endings.ts';
import { enterMasking } from './masking.ts';
import { ascending } from './sets.ts';
import type { Cohort, CoordinatorEffect, CoordinatorEvent, CoordinatorStep, StateOf } from './types.ts';

type Sharing = StateOf<'sharing'>;

export function sharing(state: Sharing, event: CoordinatorEvent): CoordinatorStep {
  switch (event.kind) {
    case 'shares':
      return indexOf(state, event.from) < 0
        ? outsider(state, event.from, 'shares')
        : stay(state, { kind: 'relay-shares', from: event.from });
    case 'shared':
      return report(state, event.from, event.held);
    case 'decline':
    case 'gone':
      return indexOf(state, event.from) < 0 ? stay(state) : lost(withAbsent(state, event.from, true));
    case 'returned':
      return indexOf(state, event.from) < 0 ? stay(state) : welcomeBack(state, event.from);
    case 'deadline':
      return event.phase === 'sharing' ? close(state, []) : stay(state);
    default:
      return otherwise(state, event);
  }
}

/** ROSTER-1: the roster of all who advertised, sorted by id, is frozen and sent. `effects` come first. */
export function enterSharing(
  state: StateOf<'training'>,
  effects: readonly CoordinatorEffect[],
): CoordinatorStep {
  const { plan, declined, dropped, advertised } = state;
  invariant(advertised.size >= plan.minCohort, 'no roster is smaller than minCohort');
  const roster = [...advertised]
    .map(([participant, { digest }]) => ({ participant, digest }))
    .sort((a, b) => (a.participant < b.participant ? -1 : 1));
  const to = roster.map((entry) => entry.participant);
  const parameters = graphParameters({
    cohort: roster.length,
    accomplices: plan.accomplices,
    dropouts: dropoutsOf(roster.length, plan.dropoutPerMille),
    coordinator: 'active',
  });
  if (!parameters.ok) {
    const aborted = abortRound(
      state,
      'unsafe-cohort',
      `No graph protects this cohort: ${parameters.fault}.`,
      to,
    );
    return { ...aborted, effects: [...effects, ...aborted.effects] };
  }
  const root = rosterRoot(plan.sid, rosterList(roster));
  const neighbours = neighbourhoods(roster.length, parameters.value, root);
  const holders = neighbours.map((peers, self) =>
    parameters.value.graph === 'complete' ? ascending([...peers, self]) : peers,
  );
  const cohort: Cohort = { roster, parameters: parameters.value, neighbours, holders };
  return stay(
    { kind: 'sharing', plan, declined, dropped, cohort, absent: new Set(), held: new Map() },
    ...effects,
    { kind: 'send-roster', to, cohort },
    { kind: 'start-timer', phase: 'sharing', ms: plan.durationsMs.sharing },
    { kind: 'publish' },
  );
}

function report(state: Sharing, from: ParticipantId, held: readonly number[]): CoordinatorStep {
  const index = indexOf(state, from);
  if (index < 0) return outsider(state, from, 'shared');
  const known = state.held.get(index);
  if (known !== undefined)
    return known.size === held.length && held.every((member) => known.has(member))
      ? stay(state)
      : secondValue(state, from, 'shared');
  return settle({ ...state, held: new Map([...state.held, [index, new Set(held)]]) });
}

/** SHARE-4: the others need not wait for its shares. */
function lost(state: Sharing): CoordinatorStep {
  const next = settle(state);
  if (next.state.kind !== 'sharing') return next;
  const gone = ascending([...state.absent].filter((index) => !state.held.has(index)));
  const to = idsOf(
    state,
    state.cohort.roster.keys().filter((index) => !state.absent.has(index) && !state.held.has(index)),
  );
  return gone.length === 0 || to.length === 0
    ? next
    : { ...next, effects: [{ kind: 'send-peers-gone', to, gone }, ...next.effects] };
}

function welcomeBack(state: Sharing, from: ParticipantId): CoordinatorStep {
  return stay(
    withAbsent(state, from, false),
    { kind: 'send-roster', to: [from], cohort: state.cohort },
    { kind: 'send-relayed', to: from },
    { kind: 'publish' },
  );
}

function settle(state: Sharing): CoordinatorStep {
  const { roster } = state.cohort;
  const waiting = roster.some((_, index) => !state.held.has(index) && !state.absent.has(index));
  if (waiting) return stay(state, { kind: 'publish' });
  return close(state, [{ kind: 'cancel-timer', phase: 'sharing' }]);
}

/** SHARE-5: U2 is made of those who reported. */
function close(state: Sharing, effects: readonly CoordinatorEffect[]): CoordinatorStep {
  const u2 = sharingSurvivors(state.cohort, state.held, state.plan);
  if (u2.size < state.plan.minCohort) {
    const detail = `${u2.size} hold enough shares of each other; a round needs ${state.plan.minCohort}.`;
    return abortRound(state, 'too-few-shared', detail, membersOf(state));
  }
  return enterMasking(state, u2, effects);
}
