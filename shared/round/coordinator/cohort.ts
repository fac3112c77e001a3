/** How far a cohort has come, for those who watch a round. */
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
