/**
 * What a person reads about a run's privacy (design: PRIVACY.md, "What a person reads"): ε and what it means, whom the
 * promise includes, what it assumes, and what is not hidden. Numbers are rounded up, never down. δ is not called the
 * chance of anything: it is none.
 */
import type { NoiseMode } from './mechanism-parameters.ts';

export interface StatementFacts {
  readonly mode: NoiseMode;
  /** `participant`: of its own rounds; `observer`: of any participant, the one with the most. */
  readonly reader: 'participant' | 'observer';
  readonly spentEpsilon: number;
  readonly delta: number;
  readonly roundsSpent: number;
  readonly roundsMax: number;
  readonly epsilonAtEnd: number;
  /** At the end, if no other tab's noise helps; read in mode `distributed` alone. */
  readonly worstEpsilon: number;
  /** h; read in mode `distributed` alone. */
  readonly countedShares: number;
  /** The clip norm follows a noised count; it stays as it is unless said. */
  readonly adaptsClip?: boolean | undefined;
}

export interface Statement {
  /** ε so far and at most, with δ and the rounds. */
  readonly budget: string;
  /** What that ε means for a test on the published models, and that it includes the count of an adaptive clip. */
  readonly meaning: string;
  /** Whom the promise includes. */
  readonly trust: string;
  /** What it takes for granted; null where nothing is. */
  readonly assumption: string | null;
  readonly notHidden: string;
}

export function statement(facts: StatementFacts): Statement {
  return {
    budget: budgetSentence(facts),
    meaning:
      facts.adaptsClip === true ? `${meaningSentence(facts)} ${CLIP_SENTENCE}` : meaningSentence(facts),
    trust: TRUST[facts.mode],
    assumption: facts.mode === 'distributed' ? assumptionSentence(facts) : null,
    notHidden: NOT_HIDDEN[facts.reader],
  };
}

/** As one paragraph. */
export const statementText = ({ budget, meaning, trust, assumption, notHidden }: Statement): string =>
  [budget, meaning, trust, assumption, notHidden].filter((sentence) => sentence !== null).join(' ');

const TRUST: Readonly<Record<NoiseMode, string>> = {
  distributed: 'The coordinator is included in this.',
  central:
    'The coordinator is not included in this: it sees the exact sum of each round, and is trusted to add the noise before anything is published.',
  local: 'Trusts only the code this page runs; much noisier.',
  none: 'Masks hide each single update, from the coordinator too; what the sums and the published models tell about anyone is not limited.',
};

const CLIP_SENTENCE =
  'The length that updates are cut to follows a noised count of those that were not longer; that count is part of ε.';

const NOT_HIDDEN: Readonly<Record<StatementFacts['reader'], string>> = {
  participant:
    'Not hidden: that you took part, when, and how long it took. If you take part in two tabs or browsers, each counts as one participant, and together they tell more about you.',
  observer:
    'Not hidden: who took part, when, and how long it took. Someone in two tabs or browsers counts as two participants.',
};

function budgetSentence(facts: StatementFacts): string {
  const { mode, reader, spentEpsilon, delta, roundsSpent, roundsMax, epsilonAtEnd } = facts;
  const whose = reader === 'participant' ? 'your' : 'a participant’s';
  const rounds = `${roundsSpent} of ${whose} ${countOf(roundsMax, 'round')}`;
  if (mode === 'none') return `ε = ∞: no noise is added. So far ${rounds}.`;
  const noted = `(δ = ${deltaText(delta)})`;
  if (roundsSpent === 0) {
    const most = `at most ε = ${epsilonText(epsilonAtEnd)} ${noted}`;
    return `Nothing is spent yet; ${most} at the end of ${whose} ${countOf(roundsMax, 'round')}.`;
  }
  const most = `at most ${epsilonText(epsilonAtEnd)} at the end`;
  return `So far ε = ${epsilonText(spentEpsilon)} ${noted}, ${rounds}; ${most}.`;
}

/** Of what is spent; of the end where nothing is yet. */
function meaningSentence({ mode, spentEpsilon, delta, roundsSpent, epsilonAtEnd }: StatementFacts): string {
  const isAhead = roundsSpent === 0;
  const times = mode === 'none' ? null : timesInHundred(isAhead ? epsilonAtEnd : spentEpsilon, delta);
  const test = `test on the published models that wrongly says ‘used’ 1 time in 100`;
  if (times === null) return `There is no useful limit to how often a ${test} rightly says it.`;
  return `${isAhead ? 'At the end, a' : 'A'} ${test} rightly says it at most ${times} times in 100.`;
}

function assumptionSentence({ reader, countedShares, worstEpsilon }: StatementFacts): string {
  const others = countedShares - 1;
  const own = reader === 'participant' ? 'your' : 'a participant’s';
  if (others === 0) return `It assumes nothing of the other tabs: ${own} own noise is enough for it.`;
  const [add, keep] = others === 1 ? ['adds its', 'keeps'] : ['add their', 'keep'];
  const worst = isUseful(worstEpsilon)
    ? `ε would be up to ${epsilonText(worstEpsilon)} at the end`
    : `there would be no useful limit (ε up to ${epsilonText(worstEpsilon)} at the end)`;
  return `It assumes that at least ${others} of the other tabs in each round ${add} noise and ${keep} it secret; if none did, ${worst}.`;
}

/** Above it, a test that is wrong 1 time in 100 may be right always. */
const isUseful = (epsilon: number): boolean => Math.exp(epsilon) < 100;

/** 100·(e^ε·1 % + δ), up to one decimal below 10 and to a whole number from there; null where it is no limit. */
function timesInHundred(epsilon: number, delta: number): string | null {
  if (!isUseful(epsilon)) return null;
  const times = Math.exp(epsilon) + 100 * delta;
  const shown = times < 9.9 ? roundedUp(times, 10) : roundedUp(times, 1);
  return shown < 100 ? String(shown) : null;
}

/** As `epsilonText` writes it: one decimal, up; ∞ where there is no number. */
export const shownEpsilon = (epsilon: number): number =>
  Number.isFinite(epsilon) ? roundedUp(epsilon, 10) : Infinity;

export function epsilonText(epsilon: number): string {
  const shown = shownEpsilon(epsilon);
  return shown === Infinity ? '∞' : String(shown);
}

/** The least multiple of 1/`parts` that is not below `value`. */
function roundedUp(value: number, parts: number): number {
  const count = Math.ceil(value * parts);
  if ((count - 1) / parts >= value) return (count - 1) / parts;
  return count / parts >= value ? count / parts : (count + 1) / parts;
}

const deltaText = (delta: number): string => (delta < 1e-3 ? delta.toExponential() : String(delta));

const countOf = (count: number, one: string): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : `${one}s`}`;
