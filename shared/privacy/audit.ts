/**
 * Lower bounds on ε from what an attack guessed: the one-run canary audit (Steinke, Nasr, Jagielski, arXiv 2305.08846),
 * its f-DP form for Gaussian-like mechanisms (Mahloujifar, Melis, Chaudhuri, arXiv 2410.22235) and Clopper–Pearson
 * intervals. A low bound proves nothing.
 */
import betaincinv from '@stdlib/math-base-special-betaincinv';
import { bracketRoot } from '../numeric/roots.ts';
import { binomialUpperTail, normalQuantile, normalUpperTail } from '../numeric/special.ts';
import { requireInteger, requireRange } from './checks.ts';
import { gaussianSigma } from './gaussian.ts';

export interface Guesses {
  /** Canaries, each in or out by a coin. */
  readonly canaries: number;
  /** Those about which a guess was made. */
  readonly guessed: number;
  readonly correct: number;
}

function requireGuesses({ canaries, guessed, correct }: Guesses): void {
  requireInteger('m', canaries, 1);
  requireInteger('guesses', guessed, 0, canaries);
  requireInteger('correct', correct, 0, guessed);
}

/** Chance that an (ε, δ)-DP mechanism lets anyone guess that well. */
export function oneRunPValue(guesses: Guesses, epsilon: number, delta: number): number {
  requireGuesses(guesses);
  requireRange('epsilon', epsilon, 0);
  requireRange('delta', delta, 0, 1);
  const { canaries, guessed, correct } = guesses;
  const luck = 1 / (1 + Math.exp(-epsilon));
  const pure = binomialUpperTail(guessed, luck, correct - 1);
  if (delta === 0) return pure;
  let steepest = 0;
  for (let i = 1; i <= correct && 1 - pure > steepest * i; i++) {
    steepest = Math.max(steepest, (binomialUpperTail(guessed, luck, correct - i - 1) - pure) / i);
  }
  return Math.min(1, pure + 2 * canaries * delta * steepest);
}

/** The largest ε that the guesses refute at `significance`; 0 where they refute none. */
export function oneRunEpsilon(guesses: Guesses, delta: number, significance: number): number {
  requireRange('significance', significance, 0, 1);
  return largestRefuted((epsilon) => significance - oneRunPValue(guesses, epsilon, delta));
}

/** The same for a mechanism whose trade-off is a Gaussian's: more is refuted, since more is known of it. */
export function oneRunGaussianEpsilon(guesses: Guesses, delta: number, significance: number): number {
  requireGuesses(guesses);
  requireRange('significance', significance, 0, 1);
  return largestRefuted((epsilon) => gaussianContradiction(guesses, epsilon, delta, significance));
}

/** Positive where the recursion over the number of right guesses gives more mass than the guesses have. */
function gaussianContradiction(
  { canaries, guessed, correct }: Guesses,
  epsilon: number,
  delta: number,
  significance: number,
): number {
  const sigma = gaussianSigma(epsilon, delta);
  const blowDown = (mass: number): number =>
    sigma === 0 ? Number(mass === 1) : normalUpperTail(1 / sigma - normalQuantile(mass));
  let right = (significance * correct) / canaries;
  let wrong = (significance * (guessed - correct)) / canaries;
  for (let i = correct - 1; i >= 0; i--) {
    const next = Math.max(wrong, blowDown(right));
    if (next === wrong) break;
    right = Math.min(1, right + (i / (guessed - i)) * (next - wrong));
    wrong = next;
  }
  return right + wrong - guessed / canaries;
}

const LARGEST_EPSILON = 1e6;

/** The root of a function that is positive where ε is refuted. */
function largestRefuted(objective: (epsilon: number) => number): number {
  if (objective(0) <= 0) return 0;
  let [low, high] = [0, 1];
  while (objective(high) > 0) {
    [low, high] = [high, 2 * high];
    if (high > LARGEST_EPSILON) return LARGEST_EPSILON;
  }
  return bracketRoot(objective, { low, high }, 1e-12).low;
}

/** One-sided Clopper–Pearson bounds on the chance behind `successes` of `trials`. */
export function clopperPearson(
  trials: number,
  successes: number,
  significance: number,
): { readonly lower: number; readonly upper: number } {
  requireInteger('n', trials, 1);
  requireInteger('k', successes, 0, trials);
  requireRange('significance', significance, 0, 1);
  return {
    lower: successes > 0 ? betaincinv(significance, successes, trials - successes + 1) : 0,
    upper: successes < trials ? betaincinv(1 - significance, successes + 1, trials - successes) : 1,
  };
}
