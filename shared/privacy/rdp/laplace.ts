/** Rényi divergences of Laplace noise (Mironov 2017, arXiv 1702.07476, Proposition 6) and of the discrete Laplace. */
import { logSumExp } from '../../numeric/special.ts';
import { requirePositive, requireRange } from '../checks.ts';
import { discreteLaplaceAtoms } from '../discrete-laplace.ts';

/** `scale` is the noise's parameter over the L1 sensitivity, so that one release is (1/scale)-DP. */
export function laplaceRdp(scale: number, orders: readonly number[]): number[] {
  requirePositive('noise_multiplier', scale);
  const pure = 1 / scale;
  return orders.map((order) => {
    requireRange('orders', order, 1);
    if (order === Infinity) return pure;
    if (order === 1) return pure + Math.expm1(-pure);
    const excess = ((order - 1) * Math.expm1(pure * (1 - 2 * order))) / (2 * order - 1);
    return pure + Math.log1p(excess) / (order - 1);
  });
}

/** Of an integer of sensitivity `sensitivity` plus noise P[x] ∝ e^(−parameter·|x|); orders above 1. */
export function discreteLaplaceRdp(
  parameter: number,
  sensitivity: number,
  orders: readonly number[],
): number[] {
  const atoms = discreteLaplaceAtoms(parameter, sensitivity);
  return orders.map((order) => {
    if (!(order > 1)) throw new RangeError(`orders: ${order} is not above 1`);
    const moments = atoms.map(({ loss, mass }) => Math.log(mass) + (order - 1) * loss);
    return logSumExp(moments) / (order - 1);
  });
}
