/** How far a cohort has come, for those who watch a round. */
import type { ParticipantId } from '../../base/ids.ts';
import { unreachable } from '../../base/invariant.ts';
import type { CoordinatorState } from './types.ts';

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
    case 'masking':
      return { invited, training: 0, trained: state.roster.length, uploaded: state.uploaded.size };
    case 'opening':
      return { invited, training: 0, trained: state.roster.length, uploaded: state.roster.length };
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
    case 'masking':
      if (state.uploaded.has(id)) return 'uploaded';
      return state.roster.some(({ participant }) => participant === id) ? 'trained' : null;
    case 'opening':
      return state.roster.some(({ participant }) => participant === id) ? 'uploaded' : null;
    case 'done':
    case 'aborted':
      return null;
    default:
      return unreachable(state);
  }
}
