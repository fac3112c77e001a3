/** The discrete Laplace on the integers, P[x] ∝ e^(−|x|/t): the proposal of the exact discrete Gaussian sampler. */
import { requireInteger, requirePositive } from './checks.ts';

export function discreteLaplacePmf(scale: number, x: number): number {
  requirePositive('scale', scale);
  requireInteger('x', x, -Number.MAX_SAFE_INTEGER);
  return Math.exp(-Math.abs(x) / scale) * Math.tanh(1 / (2 * scale));
}

/** P[X ≥ x]. */
export function discreteLaplaceTail(scale: number, x: number): number {
  requirePositive('scale', scale);
  requireInteger('x', x, -Number.MAX_SAFE_INTEGER);
  if (x <= 0) return 1 - discreteLaplaceTail(scale, 1 - x);
  return Math.exp(-x / scale) / (1 + Math.exp(-1 / scale));
}

/** Privacy losses of an integer of sensitivity `sensitivity` plus noise P[x] ∝ e^(−parameter·|x|), with their mass. */
export function discreteLaplaceAtoms(
  parameter: number,
  sensitivity: number,
): readonly { readonly loss: number; readonly mass: number }[] {
  requirePositive('parameter', parameter);
  requireInteger('sensitivity', sensitivity, 1, 1_000_000);
  const extreme = parameter * sensitivity;
  const end = 1 / (1 + Math.exp(-parameter));
  const between = Array.from({ length: sensitivity - 1 }, (_, index) => ({
    loss: parameter * (sensitivity - 2 * (index + 1)),
    mass: Math.tanh(parameter / 2) * Math.exp(-parameter * (index + 1)),
  }));
  return [{ loss: extreme, mass: end }, ...between, { loss: -extreme, mass: end * Math.exp(-extreme) }];
}
