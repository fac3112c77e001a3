/**
 * Privacy loss distributions of single releases, in both directions between neighbours; null where the grid would be
 * longer than MAX_GRID.
 */
import { normalUpperTail } from '../../numeric/special.ts';
import { requirePositive, requireRange } from '../checks.ts';
import { discreteLaplaceAtoms } from '../discrete-laplace.ts';
import type { LossBins, LossDistribution } from './loss-distribution.ts';
import { MAX_GRID, connectTheDots, exchangeNeighbours } from './loss-distribution.ts';

/** The client's data removed, and added: the larger of the two answers holds. */
export interface BothDirections {
  readonly remove: LossDistribution;
  readonly add: LossDistribution;
}

/** Standard deviations beyond which mass counts as infinite loss: 1.5e-23 of it. */
const TAIL_DEVIATIONS = 10;

/**
 * Gaussian noise of multiplier `sigma` with Poisson sampling rate q (1: everyone). Outcomes x have the densities
 * (1−q)N(0,σ²) + qN(1,σ²) and N(0,σ²); the loss of the first over the second grows with x.
 */
export function poissonGaussianLosses(q: number, sigma: number, interval: number): BothDirections | null {
  requireRange('q', q, 0, 1);
  requirePositive('sigma', sigma);
  const last = 1 + TAIL_DEVIATIONS * sigma;
  const start = -TAIL_DEVIATIONS * sigma;
  const firstIndex = Math.floor(lossOfOutcome(q, sigma, start) / interval);
  const lastIndex = Math.ceil(lossOfOutcome(q, sigma, last) / interval);
  if (lastIndex - firstIndex > MAX_GRID) return null;
  const p = new Float64Array(lastIndex - firstIndex);
  const neighbour = new Float64Array(lastIndex - firstIndex);
  const low = outcomeOfLoss(q, sigma, firstIndex * interval);
  let [zero, one] = [low / sigma, (low - 1) / sigma];
  const below = mixture(q, normalUpperTail(-zero), normalUpperTail(-one));
  const neighbourBelow = normalUpperTail(-zero);
  for (let bin = 0; bin < p.length; bin++) {
    const x = outcomeOfLoss(q, sigma, (firstIndex + bin + 1) * interval);
    const [nextZero, nextOne] = [x / sigma, (x - 1) / sigma];
    const mass = normalBetween(zero, nextZero);
    neighbour[bin] = mass;
    p[bin] = mixture(q, mass, normalBetween(one, nextOne));
    [zero, one] = [nextZero, nextOne];
  }
  const above = mixture(q, normalUpperTail(zero), normalUpperTail(one));
  const removed: LossBins = { interval, first: firstIndex, p, q: neighbour, below, above };
  const added = exchangeNeighbours(removed, { below: normalUpperTail(zero), above: neighbourBelow });
  return { remove: connectTheDots(removed), add: connectTheDots(added) };
}

const mixture = (q: number, zero: number, one: number): number => (q === 1 ? one : (1 - q) * zero + q * one);

/** log((1−q) + q e^X), X = (2x−1)/2σ². */
function lossOfOutcome(q: number, sigma: number, x: number): number {
  const plain = (2 * x - 1) / (2 * sigma ** 2);
  if (q === 1) return plain;
  return plain > 0 ? plain + Math.log(q + (1 - q) * Math.exp(-plain)) : Math.log1p(q * Math.expm1(plain));
}

/** Its inverse; −∞ at and below the least loss log(1−q). */
function outcomeOfLoss(q: number, sigma: number, loss: number): number {
  if (q === 1) return loss * sigma ** 2 + 0.5;
  const scaled = loss > 1 ? loss + Math.log1p((q - 1) * Math.exp(-loss)) : Math.log(Math.expm1(loss) + q);
  return Number.isNaN(scaled) ? -Infinity : (scaled - Math.log(q)) * sigma ** 2 + 0.5;
}

/** P[from < N(0,1) ≤ to], from the nearer tail so that small masses keep their digits. */
function normalBetween(from: number, to: number): number {
  return from > 0
    ? normalUpperTail(from) - normalUpperTail(to)
    : normalUpperTail(-to) - normalUpperTail(-from);
}

/** Laplace noise of parameter `scale` over the L1 sensitivity: losses in [−1/scale, 1/scale], atoms at both ends. */
export function laplaceLosses(scale: number, interval: number): BothDirections | null {
  requirePositive('b', scale);
  const pure = 1 / scale;
  const last = Math.ceil(pure / interval);
  if (2 * last > MAX_GRID) return null;
  // P[loss ≤ l] at the actual data (location 0) and its neighbour (location 1); outcome x has loss (1−2x)/scale.
  const cumulative = (loss: number): readonly [number, number] => {
    if (loss >= pure) return [1, 1];
    if (loss < -pure) return [0, 0];
    const x = (1 - loss * scale) / 2;
    return [0.5 * Math.exp(-x / scale), 1 - 0.5 * Math.exp((x - 1) / scale)];
  };
  const p = new Float64Array(2 * last);
  const q = new Float64Array(2 * last);
  const below = cumulative(-last * interval);
  let before = below;
  for (let bin = 0; bin < p.length; bin++) {
    const next = bin === p.length - 1 ? ([1, 1] as const) : cumulative((bin + 1 - last) * interval);
    p[bin] = next[0] - before[0];
    q[bin] = next[1] - before[1];
    before = next;
  }
  const losses = connectTheDots({ interval, first: -last, p, q, below: below[0], above: 0 });
  return { remove: losses, add: losses };
}

/** Discrete Laplace noise on an integer of the given sensitivity: finitely many losses. */
export function discreteLaplaceLosses(
  parameter: number,
  sensitivity: number,
  interval: number,
): BothDirections | null {
  return atomicLosses(discreteLaplaceAtoms(parameter, sensitivity), 0, interval);
}

/** Any (ε, δ)-DP release: randomised response at ±ε, and δ of everything being lost. */
export function approximateLosses(epsilon: number, delta: number, interval: number): BothDirections | null {
  requireRange('epsilon', epsilon, 0);
  requireRange('delta', delta, 0, 1);
  const lie = (1 - delta) / (1 + Math.exp(epsilon));
  const atoms = [
    { loss: epsilon, mass: 1 - delta - lie },
    { loss: -epsilon, mass: lie },
  ];
  return atomicLosses(atoms, delta, interval);
}

/** Finitely many losses, symmetric about 0. */
function atomicLosses(
  atoms: readonly { readonly loss: number; readonly mass: number }[],
  infinityMass: number,
  interval: number,
): BothDirections | null {
  const largest = atoms.reduce((most, { loss }) => Math.max(most, loss), 0);
  const last = Math.max(1, Math.ceil(largest / interval));
  if (2 * last > MAX_GRID) return null;
  const p = new Float64Array(2 * last);
  const q = new Float64Array(2 * last);
  for (const { loss, mass } of atoms) {
    const bin = Math.min(p.length - 1, Math.max(0, Math.ceil(loss / interval) - 1 + last));
    p[bin] = (p[bin] as number) + mass;
    q[bin] = (q[bin] as number) + mass * Math.exp(-loss);
  }
  const losses = connectTheDots({ interval, first: -last, p, q, below: 0, above: infinityMass });
  return { remove: losses, add: losses };
}
