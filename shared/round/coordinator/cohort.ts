/** How far a cohort has come, for those who watch a round. */
import type { ParticipantId } from '../../base/ids.ts';
import { unreachable } from '../../base/invariant.ts';
import type { CoordinatorState, RosteredState } from './types.ts';

export interface CohortCounts {
  readonly invited: number;
  /** Accepted and still training. */
  readonly training: number;
  /** Trained and still in this round, those who have uploaded included. */
  readonly trained: number;
  readonly uploaded: number;
}

export function cohortCounts(state: CoordinatorState): CohortCounts {
  const invited = state.plan.invited.length;
  switch (state.kind) {
    case 'offered': {
      const trained = state.advertised.size;
      return { invited, training: state.accepted.size - trained, trained, uploaded: 0 };
    }
    case 'training':
      return { invited, training: state.pending.size, trained: state.advertised.size, uploaded: 0 };
    case 'sharing':
    case 'masking':
    case 'confirming':
    case 'unmasking':
    case 'opening':
      return { invited, training: 0, trained: inRound(state).size, uploaded: uploadedOf(state).size };
    case 'done': {
      const survivors = state.survivors.length;
      return { invited, training: 0, trained: survivors, uploaded: survivors };
    }
    case 'aborted':
      return { invited, training: 0, trained: 0, uploaded: 0 };
    default:
      return unreachable(state);
  }
}

/** What one participant has done in this attempt; null where it takes no part (yet, or any more). */
export function standingOf(
  state: CoordinatorState,
  id: ParticipantId,
): 'training' | 'trained' | 'uploaded' | null {
  switch (state.kind) {
    case 'offered':
      if (!state.accepted.has(id)) return null;
      return state.advertised.has(id) ? 'trained' : 'training';
    case 'training':
      if (state.pending.has(id)) return 'training';
      return state.advertised.has(id) ? 'trained' : null;
    case 'sharing':
    case 'masking':
    case 'confirming':
    case 'unmasking':
    case 'opening': {
      const index = state.cohort.roster.findIndex(({ participant }) => participant === id);
      // Not here, or here without what it held in this round.
      if (state.absent.has(index)) return null;
      if (uploadedOf(state).has(index)) return 'uploaded';
      return inRound(state).has(index) ? 'trained' : null;
    }
    case 'done':
    case 'aborted':
      return null;
    default:
      return unreachable(state);
  }
}

/** Of the advertise that the machine holds of one; undefined where it holds none. */
export function advertisedDigest(state: CoordinatorState, from: ParticipantId): string | undefined {
  if ('advertised' in state) return state.advertised.get(from)?.digest;
  if ('cohort' in state) return state.cohort.roster.find((entry) => entry.participant === from)?.digest;
  return undefined;
}

function inRound(state: RosteredState): ReadonlySet<number> {
  if ('u3' in state) return state.u3;
  return 'u2' in state ? state.u2 : new Set(state.cohort.roster.keys());
}

function uploadedOf(state: RosteredState): ReadonlySet<number> {
  if ('u3' in state) return state.u3;
  return 'uploaded' in state ? state.uploaded : new Set();
}
