/** One measured number; `params` say under which conditions. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly params: Readonly<Record<string, string | number>>;
}
