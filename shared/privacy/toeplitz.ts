/**
 * Correlated noise from the banded square root of the prefix-sum matrix (Fichtenberger, Henzinger, Upadhyay 2023;
 * Kalinin, Lampert 2024): A = B·C with lower triangular Toeplitz factors of size n.
 */
import { requireInteger } from './checks.ts';

export interface ToeplitzMechanism {
  /** Of C: [bands]. */
  readonly coefficients: readonly number[];
  /** Of C⁻¹: [n], what a noise vector of n independent draws is filtered with. */
  readonly noisingCoefficients: readonly number[];
  /** L2 sensitivity of C·x for one client's participations. */
  readonly sensitivity: number;
  readonly singleParticipationSensitivity: number;
  /** Largest and root-mean-square row norm of B = A·C⁻¹: error of the prefix sums for unit noise. */
  readonly maxError: number;
  readonly rmsError: number;
}

export interface ToeplitzPlan {
  readonly rounds: number;
  readonly bands: number;
  readonly separation: number;
  readonly most: number;
}

export function toeplitzMechanism({ rounds, bands, separation, most }: ToeplitzPlan): ToeplitzMechanism {
  requireInteger('n', rounds, 1);
  requireInteger('bands', bands, 1);
  requireInteger('min_sep', separation, 1);
  requireInteger('max_participation', most, 1);
  const coefficients = squareRootCoefficients(Math.min(bands, rounds));
  const noisingCoefficients = inverseSeries(coefficients, rounds);
  const squaredRows = squaredRowNorms(noisingCoefficients);
  return {
    coefficients,
    noisingCoefficients,
    sensitivity: participationNorm(coefficients, rounds, separation, most),
    singleParticipationSensitivity: participationNorm(coefficients, rounds, separation, 1),
    maxError: Math.sqrt(squaredRows[rounds - 1] as number),
    rmsError: Math.sqrt(squaredRows.reduce((sum, value) => sum + value, 0) / rounds),
  };
}

/** c₀ = 1, c_j = c_(j−1)(2j−1)/2j: the series of (1−x)^(−½). */
function squareRootCoefficients(count: number): number[] {
  const coefficients = [1];
  for (let j = 1; j < count; j++) {
    coefficients.push(((coefficients[j - 1] as number) * (2 * j - 1)) / (2 * j));
  }
  return coefficients;
}

/** The first n coefficients of 1/Σ c_j x^j, c₀ = 1. */
function inverseSeries(coefficients: readonly number[], n: number): number[] {
  const inverse = [1];
  for (let i = 1; i < n; i++) {
    let sum = 0;
    for (let j = 1; j <= Math.min(i, coefficients.length - 1); j++) {
      sum -= (coefficients[j] as number) * (inverse[i - j] as number);
    }
    inverse.push(sum);
  }
  return inverse;
}

/** Norm of the summed columns 0, s, 2s, …: the worst pattern, since the coefficients are positive and decreasing. */
function participationNorm(
  coefficients: readonly number[],
  rounds: number,
  separation: number,
  most: number,
): number {
  const sum = new Float64Array(rounds);
  const participations = Math.min(most, Math.ceil(rounds / separation));
  for (let participation = 0; participation < participations; participation++) {
    const first = participation * separation;
    for (const [j, coefficient] of coefficients.entries()) {
      if (first + j < rounds) sum[first + j] = (sum[first + j] as number) + coefficient;
    }
  }
  return Math.sqrt(sum.reduce((total, value) => total + value ** 2, 0));
}

/** Row i of B holds the running sums of C⁻¹'s coefficients 0..i. */
function squaredRowNorms(noisingCoefficients: readonly number[]): number[] {
  let running = 0;
  let squares = 0;
  return noisingCoefficients.map((coefficient) => {
    running += coefficient;
    squares += running ** 2;
    return squares;
  });
}
