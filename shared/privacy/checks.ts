/** Range checks of the accountant's arguments: a wrong one throws RangeError with the argument's name. */

export function requireRange(name: string, value: number, low: number, high = Infinity): void {
  if (!(value >= low && value <= high)) throw new RangeError(`${name}: ${value} is not in ${low}..${high}`);
}

export function requirePositive(name: string, value: number): void {
  if (!(value > 0)) throw new RangeError(`${name}: ${value} is not above 0`);
}

export function requireInteger(
  name: string,
  value: number,
  low: number,
  high = Number.MAX_SAFE_INTEGER,
): void {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${name}: ${value} is not an integer`);
  requireRange(name, value, low, high);
}
