/** Reading a reference row's inputs and writing its outputs; infinities and NaN travel as strings, as in the goldens. */

export type RowValue = number | readonly number[] | Readonly<Record<string, number>>;
export type RowOutputs = Readonly<Record<string, RowValue>>;
export type EncodedValue =
  number | string | readonly (number | string)[] | Readonly<Record<string, number | string>>;

const NONFINITE: ReadonlyMap<unknown, number> = new Map([
  ['inf', Infinity],
  ['-inf', -Infinity],
  ['nan', NaN],
]);

/** The named inputs of one row; reading one that is absent or of another kind throws RangeError with its name. */
export class RowInputs {
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(values: object) {
    this.#values = new Map(Object.entries(values));
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  isList(name: string): boolean {
    return Array.isArray(this.#values.get(name));
  }

  number(name: string): number {
    return toNumber(name, this.#values.get(name));
  }

  numbers(name: string): number[] {
    const value = this.#values.get(name);
    if (!Array.isArray(value)) throw new RangeError(`${name}: is not a list of numbers`);
    return value.map((item: unknown) => toNumber(name, item));
  }

  text(name: string): string {
    const value = this.#values.get(name);
    if (typeof value !== 'string') throw new RangeError(`${name}: is not a text`);
    return value;
  }

  rows(name: string): RowInputs[] {
    const value = this.#values.get(name);
    if (!Array.isArray(value)) throw new RangeError(`${name}: is not a list`);
    return value.map((item: unknown) => {
      if (typeof item !== 'object' || item === null) throw new RangeError(`${name}: holds no objects`);
      return new RowInputs(item);
    });
  }
}

function toNumber(name: string, value: unknown): number {
  if (typeof value === 'number') return value;
  const nonfinite = NONFINITE.get(value);
  if (nonfinite === undefined) throw new RangeError(`${name}: is not a number`);
  return nonfinite;
}

export function encodeOutputs(outputs: RowOutputs): Record<string, EncodedValue> {
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, encode(value)]));
}

function encode(value: RowValue): EncodedValue {
  if (typeof value === 'number') return encodeNumber(value);
  if (value instanceof Array) return value.map(encodeNumber);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, encodeNumber(item)]));
}

function encodeNumber(value: number): number | string {
  if (Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return 'nan';
  return value > 0 ? 'inf' : '-inf';
}
