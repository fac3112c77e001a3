/** A round as the page shows it: while it runs, and how it ended. */
import type { LeaveReason } from '../round/client/types.ts';
import type { ParticipantRound } from './participant-round.ts';
import type { RoundOutcome, RoundProgress } from './view.ts';

/** Null once the round is over. */
export function progressOf(round: ParticipantRound): RoundProgress | null {
  const { state, offer, progress } = round;
  if (state.kind === 'done' || state.kind === 'aborted' || state.kind === 'left') return null;
  return {
    round: offer.round,
    attempt: offer.attempt,
    phase: state.kind === 'keying' ? 'training' : state.kind,
    percent: progress === null ? 0 : Math.floor((100 * progress.batch) / progress.batches),
    epoch: progress?.epoch ?? 1,
    epochs: offer.training.epochs,
    loss: progress?.loss ?? null,
  };
}

const LEFT: Record<LeaveReason, string> = {
  policy: 'This tab refused the offer: it does not meet what every tab insists on.',
  'model-unavailable': 'The model could not be fetched, or was not the one that was offered.',
  'training-failed': 'Training did not give usable numbers; nothing of it was sent.',
  'person-left': 'You left the run.',
  'socket-lost': 'The connection was lost; the tab comes back for the next round.',
  'roster-late': 'The coordinator did not go on in time; the tab is ready for the next round.',
  'outcome-late': 'The coordinator did not say in time how the round ended.',
  'roster-invalid': 'The coordinator’s list of participants was wrong; nothing was sent.',
};

export function outcomeOf(round: ParticipantRound, bytesSent: number): RoundOutcome {
  const { state, offer, meanLoss } = round;
  const common = { round: offer.round, attempt: offer.attempt, loss: meanLoss, bytesSent };
  switch (state.kind) {
    case 'done':
      return {
        ...common,
        outcome: 'done',
        survivors: state.survivors,
        code: null,
        detail: `The sum of ${state.survivors} was opened and made the next model.`,
      };
    case 'aborted':
      return { ...common, outcome: 'aborted', survivors: null, code: state.code, detail: state.detail };
    case 'left':
      return { ...common, outcome: 'left', survivors: null, code: state.why, detail: LEFT[state.why] };
    default:
      return { ...common, outcome: 'left', survivors: null, code: null, detail: 'The round is not over.' };
  }
}
