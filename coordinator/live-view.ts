/** What of a run changes from second to second, as pages show it. */
import { unreachable } from '#shared/base/invariant.ts';
import type { LiveView, Phase, PrivacyView, RunState } from '#shared/protocol/api.ts';
import { cohortCounts, standingOf } from '#shared/round/coordinator/cohort.ts';
import type { CoordinatorState } from '#shared/round/coordinator/types.ts';
import type { Participants } from './participants.ts';

export interface LiveSources {
  readonly state: RunState;
  readonly participants: Participants;
  /** Ready, and agreed to the next round. */
  readonly here: number;
  /** Ready participants with which the next attempt begins. */
  readonly needed: number;
  /** Of the attempt under way. */
  readonly round: CoordinatorState | null;
  readonly privacy: PrivacyView;
}

export function liveView({ state, participants, here, needed, round, privacy }: LiveSources): LiveView {
  const isOver = state !== 'waiting' && state !== 'running';
  return {
    state,
    here,
    needed,
    round: round?.plan.round ?? null,
    attempt: round?.plan.attempt ?? null,
    phase: isOver ? null : phaseOf(round),
    cohort: round === null ? { invited: 0, training: 0, trained: 0, uploaded: 0 } : cohortCounts(round),
    progressPercent: round === null ? 0 : meanProgress(participants, round),
    privacy,
  };
}

/** Over those who take part; who has trained counts as 100. */
function meanProgress(participants: Participants, round: CoordinatorState): number {
  const percents: number[] = [];
  for (const { id, progressPercent } of participants.ready()) {
    const standing = standingOf(round, id);
    if (standing !== null) percents.push(standing === 'training' ? progressPercent : 100);
  }
  return percents.length === 0 ? 0 : percents.reduce((sum, percent) => sum + percent, 0) / percents.length;
}

function phaseOf(round: CoordinatorState | null): Phase {
  switch (round?.kind) {
    case undefined:
    case 'done':
    case 'aborted':
      return 'gathering';
    case 'offered':
    case 'training':
    case 'sharing':
    case 'masking':
    case 'confirming':
    case 'unmasking':
    case 'opening':
      return round.kind;
    default:
      return unreachable(round);
  }
}
