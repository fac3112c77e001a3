/** When the next attempt at a round starts, and when a run is over (RUN). Pure: the driver asks on every change. */
import { GATHER_GRACE_MS, MAX_CONSECUTIVE_ABORTS } from '../protocol/limits.ts';

export interface RunSituation {
  readonly settings: { readonly clients: number; readonly minCohort: number; readonly rounds: number };
  /** Participants connected with their data loaded. */
  readonly ready: number;
  /** An attempt has ended since the start or restart: the run is between rounds, not gathering. */
  readonly attempted: boolean;
  /** Since the start or restart of the run. */
  readonly sinceStartMs: number;
  /** Rounds with a model. */
  readonly completed: number;
  readonly consecutiveAborts: number;
  readonly stopRequested: boolean;
  /** Participants whose privacy budget allows another round, here or away; Infinity where none is limited. */
  readonly left: number;
  /** Participants that keep to what they agreed to before the run was extended; none unless said. */
  readonly keeping?: number;
}

export type RunDecision =
  /** Ask again on the next change, and after `retryInMs` where that alone would change the answer. */
  | { readonly kind: 'wait'; readonly retryInMs: number | null }
  | { readonly kind: 'offer' }
  | {
      readonly kind: 'finish';
      readonly outcome: 'done' | 'stopped' | 'failed';
      /** A sentence for a person; null where all rounds are done. */
      readonly because: string | null;
    };

/** Only asked while no attempt is under way. */
export function decideRun(situation: RunSituation): RunDecision {
  const { settings, ready, completed } = situation;
  if (completed >= settings.rounds) return { kind: 'finish', outcome: 'done', because: null };
  if (situation.stopRequested)
    return {
      kind: 'finish',
      outcome: 'stopped',
      because: `Stopped after ${completed} of ${settings.rounds} rounds.`,
    };
  if (situation.consecutiveAborts >= MAX_CONSECUTIVE_ABORTS)
    return {
      kind: 'finish',
      outcome: 'failed',
      because: `Round ${completed + 1} was aborted ${situation.consecutiveAborts} times in a row; see the log for the reasons.`,
    };
  if (situation.left < settings.minCohort && (situation.keeping ?? 0) > 0)
    return {
      kind: 'finish',
      outcome: 'stopped',
      because: `Too few have agreed to more than the first ${completed} of ${settings.rounds} rounds: ${situation.left} participants may still take part, and a round needs ${settings.minCohort}.`,
    };
  if (situation.left < settings.minCohort)
    return {
      kind: 'finish',
      outcome: 'stopped',
      because: `The privacy budget is spent after ${completed} of ${settings.rounds} rounds: ${situation.left} participants may still take part, and a round needs ${settings.minCohort}.`,
    };
  if (ready >= settings.clients) return { kind: 'offer' };
  if (ready < settings.minCohort) return { kind: 'wait', retryInMs: null };
  const graceMs = GATHER_GRACE_MS - situation.sinceStartMs;
  return situation.attempted || graceMs <= 0 ? { kind: 'offer' } : { kind: 'wait', retryInMs: graceMs };
}
