/**
 * Shamir's secret sharing over GF(2^16): a 32-byte secret is 16 little-endian limbs, each the constant term of
 * its own random polynomial of degree t − 1; the share at x holds the 16 values at x. (GF(256) ends at 255
 * shares; big-integer fields rebuild 10 to 280 times slower.)
 *
 * Rebuilding is linear: the Lagrange weights at 0 depend on the holders alone and serve every secret they
 * hold. Where a rebuilt secret does not match its commitment, `decodeWithErrors` (Gao 2003, the Euclidean form
 * of Berlekamp–Welch) finds it among m shares of which up to ⌊(m − t)/2⌋ are wrong, and says which.
 */
import { invariant } from '../base/invariant.ts';
import type { RandomSource } from '../base/random.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { add, degree, divide, dividePolynomials, evaluate, multiply, times } from './gf65536.ts';

const SECRET_BYTES = 32;
const LIMBS = SECRET_BYTES / 2;

/** A holder's share: `x` in 1..65535 (roster index + 1), `bytes` 32 bytes. */
export interface Share {
  readonly x: number;
  readonly bytes: Uint8Array;
}

/**
 * One share for each x of `holders`; any `threshold` of them rebuild the secret, fewer tell nothing of it.
 * Throws RangeError for a secret of another length, x outside 1..65535 or twice, or t outside 1..holders.
 */
export function split(
  secret: Uint8Array,
  threshold: number,
  holders: readonly number[],
  random: RandomSource,
): Share[] {
  if (secret.length !== SECRET_BYTES)
    throw new RangeError(`secret: ${secret.length} bytes, not ${SECRET_BYTES}`);
  requireDistinct(holders);
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > holders.length)
    throw new RangeError(`threshold: ${threshold} of ${holders.length} holders`);
  const drawn = random((threshold - 1) * SECRET_BYTES);
  const coefficients = limbsOf(drawn);
  const constants = limbsOf(secret);
  const shares = holders.map((x) => {
    const values = new Uint16Array(LIMBS);
    for (let power = threshold - 2; power >= 0; power--)
      for (let limb = 0; limb < LIMBS; limb++)
        values[limb] = multiply((values[limb] as number) ^ (coefficients[power * LIMBS + limb] as number), x);
    for (let limb = 0; limb < LIMBS; limb++)
      values[limb] = (values[limb] as number) ^ (constants[limb] as number);
    return { x, bytes: bytesOf(values) };
  });
  for (const secrets of [drawn, coefficients, constants]) secrets.fill(0);
  return shares;
}

/** Lagrange weights at 0 for these x, in their order; computed once for a set of holders. */
export function weightsAtZero(holders: readonly number[]): Uint16Array {
  requireDistinct(holders);
  return Uint16Array.from(holders, (x, i) => {
    let above = 1;
    let below = 1;
    holders.forEach((other, j) => {
      if (i === j) return;
      above = multiply(above, other);
      below = multiply(below, other ^ x);
    });
    return divide(above, below);
  });
}

/**
 * The secret from exactly the shares whose weights are given, in the same order. The caller checks the result
 * against its commitment: with a wrong share it is simply another value.
 */
export function combine(shares: readonly Uint8Array[], weights: Uint16Array): Uint8Array {
  invariant(shares.length === weights.length, 'a weight a share');
  const secret = new Uint16Array(LIMBS);
  shares.forEach((share, i) => {
    const values = limbsOf(share);
    for (let limb = 0; limb < LIMBS; limb++)
      secret[limb] = (secret[limb] as number) ^ multiply(values[limb] as number, weights[i] as number);
  });
  return bytesOf(secret);
}

export interface Decoded {
  readonly secret: Uint8Array;
  /** The x of shares that lie on no polynomial of the others: their dealer or their holder erred. */
  readonly wrong: readonly number[];
}

/** The secret among m ≥ t shares of which at most ⌊(m − t)/2⌋ are wrong; a fault where more are. */
export function decodeWithErrors(shares: readonly Share[], threshold: number): Result<Decoded, string> {
  const holders = shares.map((share) => share.x);
  requireDistinct(holders);
  if (shares.length < threshold) return fail(`${shares.length} shares, ${threshold} needed`);
  const vanishing = holders.reduce<number[]>((product, x) => times(product, [x, 1]), [1]);
  const basis = lagrangeBasis(holders, vanishing);
  const limbs = shares.map((share) => limbsOf(share.bytes));
  const secret = new Uint16Array(LIMBS);
  const wrong = new Set<number>();
  for (let limb = 0; limb < LIMBS; limb++) {
    const received = limbs.map((values) => values[limb] as number);
    const message = decodeLimb(holders, received, vanishing, basis, threshold);
    if (message === null)
      return fail(`more than ${Math.floor((shares.length - threshold) / 2)} wrong shares`);
    secret[limb] = message[0] ?? 0;
    holders.forEach((x, i) => {
      if (evaluate(message, x) !== received[i]) wrong.add(x);
    });
  }
  if (wrong.size > (shares.length - threshold) / 2)
    return fail(`more than ${Math.floor((shares.length - threshold) / 2)} wrong shares`);
  return ok({ secret: bytesOf(secret), wrong: [...wrong] });
}

/** Basis polynomials L_i with L_i(x_i) = 1 and 0 at the other holders. */
function lagrangeBasis(holders: readonly number[], vanishing: readonly number[]): number[][] {
  return holders.map((x) => {
    const { quotient } = dividePolynomials(vanishing, [x, 1]);
    const scale = evaluate(quotient, x);
    return quotient.map((coefficient) => divide(coefficient, scale));
  });
}

/** Gao's decoder: the polynomial of degree < t closest to the received values, or null. */
function decodeLimb(
  holders: readonly number[],
  received: readonly number[],
  vanishing: readonly number[],
  basis: readonly (readonly number[])[],
  threshold: number,
): number[] | null {
  const interpolation = Array.from<number>({ length: holders.length }).fill(0);
  basis.forEach((polynomial, i) => {
    const value = received[i] as number;
    if (value === 0) return;
    polynomial.forEach((coefficient, power) => {
      interpolation[power] = (interpolation[power] as number) ^ multiply(coefficient, value);
    });
  });
  let [previous, current] = [[...vanishing], interpolation];
  let [previousFactor, factor]: [number[], number[]] = [[0], [1]];
  while (2 * degree(current) >= holders.length + threshold) {
    const { quotient, remainder } = dividePolynomials(previous, current);
    [previous, current] = [current, remainder];
    [previousFactor, factor] = [factor, add(previousFactor, times(quotient, factor))];
  }
  const { quotient, remainder } = dividePolynomials(current, factor);
  if (degree(remainder) >= 0 || degree(quotient) >= threshold) return null;
  return quotient;
}

function requireDistinct(holders: readonly number[]): void {
  if (new Set(holders).size !== holders.length) throw new RangeError('holders: the same x twice');
  for (const x of holders)
    if (!Number.isInteger(x) || x < 1 || x > 65_535) throw new RangeError(`holders: x = ${x}, not 1..65535`);
}

function limbsOf(bytes: Uint8Array): Uint16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Uint16Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true));
}

function bytesOf(limbs: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(2 * limbs.length);
  const view = new DataView(bytes.buffer);
  limbs.forEach((limb, i) => view.setUint16(2 * i, limb, true));
  return bytes;
}
