/**
 * Arithmetic in GF(2^16), polynomial 0x1100B (x^16 + x^12 + x^3 + x + 1, primitive, so x generates).
 * Elements are integers 0..65535; addition is XOR. Polynomials are arrays of coefficients, lowest first.
 * Table look-ups are not constant-time: shares are handled on the device that owns them.
 */
import { invariant } from '../base/invariant.ts';

const ORDER = 65_535;
const exponents = new Uint16Array(2 * ORDER);
const logarithms = new Uint16Array(ORDER + 1);
let power = 1;
for (let i = 0; i < ORDER; i++) {
  exponents[i] = power;
  exponents[i + ORDER] = power;
  logarithms[power] = i;
  power <<= 1;
  if (power > ORDER) power ^= 0x1100b;
}

export function multiply(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  return exponents[(logarithms[a] as number) + (logarithms[b] as number)] as number;
}

/** a / b; b must not be 0. */
export function divide(a: number, b: number): number {
  invariant(b !== 0, 'division by zero in GF(2^16)');
  if (a === 0) return 0;
  return exponents[(logarithms[a] as number) + ORDER - (logarithms[b] as number)] as number;
}

export type Polynomial = readonly number[];

/** −1 for the zero polynomial. */
export function degree(p: Polynomial): number {
  let top = p.length - 1;
  while (top >= 0 && p[top] === 0) top--;
  return top;
}

/** Horner's rule. */
export function evaluate(p: Polynomial, x: number): number {
  let value = 0;
  for (let i = p.length - 1; i >= 0; i--) value = multiply(value, x) ^ (p[i] as number);
  return value;
}

export function add(a: Polynomial, b: Polynomial): number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0) ^ (b[i] ?? 0));
}

export function times(a: Polynomial, b: Polynomial): number[] {
  const product = Array.from<number>({ length: Math.max(0, a.length + b.length - 1) }).fill(0);
  a.forEach((left, i) => {
    if (left === 0) return;
    b.forEach((right, j) => {
      product[i + j] = (product[i + j] as number) ^ multiply(left, right);
    });
  });
  return product;
}

/** Long division; the divisor must not be zero. */
export function dividePolynomials(
  a: Polynomial,
  b: Polynomial,
): { readonly quotient: number[]; readonly remainder: number[] } {
  const bottom = degree(b);
  invariant(bottom >= 0, 'division by the zero polynomial');
  const remainder = [...a];
  const quotient = Array.from<number>({ length: Math.max(0, degree(a) - bottom + 1) }).fill(0);
  for (let top = degree(remainder); top >= bottom; top--) {
    const factor = divide(remainder[top] as number, b[bottom] as number);
    if (factor === 0) continue;
    quotient[top - bottom] = factor;
    for (let i = 0; i <= bottom; i++)
      remainder[top - bottom + i] =
        (remainder[top - bottom + i] as number) ^ multiply(factor, b[i] as number);
  }
  return { quotient, remainder };
}
