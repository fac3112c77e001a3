/** A round as the page shows it: while it runs, and how it ended. */
import type { ActiveState, LeaveReason } from '../round/client/types.ts';
import { fateInWords } from './own-update.ts';
import type { ParticipantRound } from './participant-round.ts';
import type { RoundOutcome, RoundProgress } from './view.ts';

/** States as a person follows them. */
const PHASES: Record<ActiveState['kind'], RoundProgress['phase']> = {
  training: 'training',
  keying: 'training',
  advertised: 'advertised',
  checking: 'sharing',
  sharing: 'sharing',
  shared: 'sharing',
  masking: 'masking',
  uploading: 'uploading',
  submitted: 'submitted',
  confirming: 'unmasking',
  revealed: 'unmasking',
};

const noteOf = ({ fate, offer }: ParticipantRound): string | null =>
  fate === null ? null : fateInWords(fate, offer.privacy?.mechanism.mode ?? 'none');

/** Null once the round is over. */
export function progressOf(round: ParticipantRound): RoundProgress | null {
  const { state, offer, progress } = round;
  if (state.kind === 'done' || state.kind === 'aborted' || state.kind === 'left') return null;
  return {
    round: offer.round,
    attempt: offer.attempt,
    phase: PHASES[state.kind],
    percent: progress === null ? 0 : Math.floor((100 * progress.batch) / progress.batches),
    epoch: progress?.epoch ?? 1,
    epochs: offer.training.epochs,
    loss: progress?.loss ?? null,
    note: noteOf(round),
    peers: round.peers ?? [],
  };
}

const LEFT: Record<LeaveReason, string> = {
  policy: 'This tab refused the offer: it does not meet what every tab insists on.',
  'model-unavailable': 'The model could not be fetched, or was not the one that was offered.',
  'training-failed': 'This tab sat the round out: training gave nothing that can be sent.',
  'person-left': 'You left the run.',
  'coordinator-silent': 'The coordinator did not go on in time; the tab is ready for the next round.',
  dismissed: 'The round went on without this tab.',
  'roster-invalid': 'The coordinator’s list of participants was wrong; nothing was sent.',
  'mask-refused': 'This tab did not mask its update, so that nothing of it was sent.',
  'unmask-refused': 'The coordinator asked to open a sum that this tab does not open; it revealed nothing.',
  'too-few-confirmed': 'Too few others confirmed the same sum; this tab revealed nothing.',
  equivocation:
    'The coordinator told two different stories about one round. This tab left, and keeps both as evidence.',
};

export function outcomeOf(round: ParticipantRound, bytesSent: number): RoundOutcome {
  const { state, offer, meanLoss, evidence } = round;
  const peers = round.peers ?? [];
  const reached = (how: 'direct' | 'relayed') => peers.filter(({ reach }) => reach === how).length;
  const common = {
    round: offer.round,
    attempt: offer.attempt,
    loss: meanLoss,
    bytesSent,
    direct: reached('direct'),
    relayed: reached('relayed'),
    note: noteOf(round),
    evidence,
  };
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
      return {
        ...common,
        outcome: 'left',
        survivors: null,
        code: state.why,
        // Why training failed is the note's to say.
        detail: state.why === 'training-failed' ? LEFT[state.why] : `${LEFT[state.why]} ${state.detail}`,
      };
    default:
      return { ...common, outcome: 'left', survivors: null, code: null, detail: 'The round is not over.' };
  }
}
