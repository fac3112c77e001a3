/** Sharing one noise budget between the update and the bit that adapts the clip (Andrew et al. 2021, Theorem 1). */
import { requirePositive } from './checks.ts';

/**
 * Noise multiplier of the update so that it and a ±½ bit with noise `bitStdDev` together cost what one mechanism of
 * multiplier `z` costs: 1/z² = 1/z_Δ² + 1/(2σ_b)². Refuses a bit so exact that it alone costs more.
 */
export function updateNoiseMultiplier(z: number, bitStdDev: number): number {
  requirePositive('z', z);
  requirePositive('sigma_b', bitStdDev);
  const remaining = z ** -2 - (2 * bitStdDev) ** -2;
  if (!(remaining > 0))
    throw new RangeError(`sigma_b: ${bitStdDev} leaves nothing for the update at z = ${z}`);
  return remaining ** -0.5;
}
