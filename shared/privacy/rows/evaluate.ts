/** Answers reference rows by group, so that the accountant can be checked from outside, line by line. */
import { distributionGroups } from './distribution-groups.ts';
import type { EncodedValue } from './fields.ts';
import { RowInputs, encodeOutputs } from './fields.ts';
import type { RowGroup } from './group.ts';
import { mechanismGroups } from './mechanism-groups.ts';
import { rdpGroups } from './rdp-groups.ts';

const GROUPS: ReadonlyMap<string, RowGroup> = new Map(
  Object.entries({ ...rdpGroups, ...mechanismGroups, ...distributionGroups }),
);

export const groupNames: readonly string[] = [...GROUPS.keys()].toSorted();

export interface RowAnswer {
  readonly group: string;
  /** Every output reads "error" where the inputs are refused. */
  readonly out: Readonly<Record<string, EncodedValue>>;
  readonly error?: string;
}

/** Throws RangeError for a group that is not known; inputs that are refused are an answer. */
export function evaluateRow(group: string, inputs: object): RowAnswer {
  const rows = GROUPS.get(group);
  if (rows === undefined) throw new RangeError(`group: ${group} is not known`);
  try {
    return { group, out: encodeOutputs(rows.answer(new RowInputs(inputs))) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return {
      group,
      out: Object.fromEntries(rows.names.map((name) => [name, 'error'])),
      error: error.message,
    };
  }
}
