/** How the rows of one group of reference values are answered. */
import type { RowInputs, RowOutputs } from './fields.ts';

export interface RowGroup {
  /** Outputs that read "error" where the inputs are refused. */
  readonly names: readonly string[];
  /** Throws RangeError where the inputs are refused. */
  readonly answer: (inputs: RowInputs) => RowOutputs;
}
