/**
 * A participant's table as labelled examples, by the task's schema (schema.ts). A table that does not fit is refused
 * with the row and the column. Sentences never repeat a cell: they may be shown, kept or sent where data may not.
 */
import Papa from 'papaparse';
import { fail, ok, type Result } from '../base/result.ts';
import type { Examples } from './examples.ts';
import {
  featureWidth,
  schemaWidth,
  type CategoricalFeature,
  type NumericFeature,
  type TableSchema,
} from './schema.ts';

/** Rows of a table, empty ones included, that are read at most; more are refused, not cut off. */
export const MAX_ROWS = 200_000;
/** Numbers that a table may become: 128 MB of memory. */
export const MAX_INPUTS = 2 ** 25;

export interface TableFault {
  /** `csv`: no table can be read; `column`: a column lacks or is twice; `cell`: a cell does not fit; `size`: none or too many rows. */
  readonly code: 'csv' | 'column' | 'cell' | 'size';
  /** As a spreadsheet counts, the header being row 1; null where no row is at fault. */
  readonly row: number | null;
  readonly column: string | null;
  /** A sentence that names row and column, too. */
  readonly detail: string;
}

export interface TableExamples {
  /** `inputs` is [count, schemaWidth]. */
  readonly examples: Examples;
  /** Rows that were left out because a cell was missing, as the schema says. */
  readonly droppedRows: number;
  /** Columns that the schema does not ask for; they were not read. */
  readonly unreadColumns: readonly string[];
}

/** Header and rows of cells. */
export interface Cells {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Cells of a CSV text (RFC 4180; commas, semicolons or tabs) whose first row names the columns. */
function parseCsv(text: string): Result<Cells, TableFault> {
  // Two rows beyond the limit suffice to see that it is passed: the header and one too many.
  const { data, errors } = Papa.parse<string[]>(text, { preview: MAX_ROWS + 2 });
  const [error] = errors.filter(({ type }) => type !== 'Delimiter');
  if (error) {
    const row = (error.row ?? 0) + 1;
    return fail({ code: 'csv', row, column: null, detail: `Row ${row}: ${error.message}.` });
  }
  const [header, ...rows] = data;
  if (!header)
    return fail({ code: 'csv', row: null, column: null, detail: 'The table is empty: it has no header.' });
  return ok({ header, rows });
}

/** The rows of `cells` as examples; rows without any content are passed over. */
export function tableExamples(cells: Cells, schema: TableSchema): Result<TableExamples, TableFault> {
  const header = cells.header.map((name) => name.trim());
  const places = columnPlaces(header, schema);
  if (!places.ok) return places;
  if (cells.rows.length > MAX_ROWS) return refuseSize(`The table has more than ${MAX_ROWS} rows.`);
  const width = schemaWidth(schema);
  if (cells.rows.length * width > MAX_INPUTS)
    return refuseSize(
      `The table has ${cells.rows.length} rows of ${width} numbers: more than ${MAX_INPUTS}.`,
    );
  const inputs = new Float32Array(cells.rows.length * width);
  const labels = new Uint8Array(cells.rows.length);
  let [count, droppedRows] = [0, 0];
  for (const [index, row] of cells.rows.entries()) {
    if (row.every((cell) => cell.trim() === '')) continue;
    const at = index + 2;
    if (row.length !== header.length)
      return refuseCell(at, null, `${row.length} cells, but the header has ${header.length}`);
    const read = readRow(row, places.value, schema, inputs.subarray(count * width, (count + 1) * width));
    if (!read.ok) return refuseCell(at, read.fault.column, read.fault.reason);
    if (read.value === null) droppedRows++;
    else labels[count++] = read.value;
  }
  if (count === 0) return refuseSize('The table has no row that can be learned from.');
  const asked = new Set(askedColumns(schema));
  return ok({
    examples: { count, inputs: inputs.slice(0, count * width), labels: labels.slice(0, count) },
    droppedRows,
    unreadColumns: header.filter((name) => !asked.has(name)),
  });
}

/** A CSV text as examples. */
export function csvExamples(text: string, schema: TableSchema): Result<TableExamples, TableFault> {
  const cells = parseCsv(text);
  return cells.ok ? tableExamples(cells.value, schema) : cells;
}

const refuseCell = (row: number, column: string | null, reason: string) =>
  fail<TableFault>({
    code: 'cell',
    row,
    column,
    detail: `Row ${row}${column === null ? '' : `, column "${column}"`}: ${reason}.`,
  });

const refuseSize = (detail: string) => fail<TableFault>({ code: 'size', row: null, column: null, detail });

const askedColumns = (schema: TableSchema) => [
  schema.label.column,
  ...schema.features.map(({ column }) => column),
];

/** Where in a row the columns that the schema asks for are. */
function columnPlaces(
  header: readonly string[],
  schema: TableSchema,
): Result<ReadonlyMap<string, number>, TableFault> {
  const places = new Map<string, number>();
  for (const column of askedColumns(schema)) {
    const place = header.indexOf(column);
    if (place < 0 || header.includes(column, place + 1))
      return fail({
        code: 'column',
        row: 1,
        column,
        detail: `The table has ${place < 0 ? 'no' : 'more than one'} column "${column}".`,
      });
    places.set(column, place);
  }
  return ok(places);
}

interface CellFault {
  readonly column: string;
  readonly reason: string;
}

/** Writes a row's inputs to `target` and gives its label; null where the row is left out. */
function readRow(
  row: readonly string[],
  places: ReadonlyMap<string, number>,
  schema: TableSchema,
  target: Float32Array,
): Result<number | null, CellFault> {
  const { label } = schema;
  let dropped = false;
  const cellOf = (column: string) => {
    const cell = row[places.get(column) ?? -1]?.trim() ?? '';
    return schema.missingMarks.includes(cell) ? '' : cell;
  };
  const refuse = (column: string, reason: string) => fail<CellFault>({ column, reason });
  let at = 0;
  for (const feature of schema.features) {
    const cell = cellOf(feature.column);
    const width = featureWidth(feature);
    if (cell === '' && feature.missing === 'refuse') return refuse(feature.column, 'the cell is empty');
    if (cell === '' && feature.missing === 'drop-row') dropped = true;
    const problem = writeFeature(feature, cell, target.subarray(at, at + width));
    if (problem !== null) return refuse(feature.column, problem);
    at += width;
  }
  const cell = cellOf(label.column);
  if (cell === '') return label.missing === 'refuse' ? refuse(label.column, 'the cell is empty') : ok(null);
  const index = label.classes.indexOf(cell);
  if (index < 0) return refuse(label.column, `not one of ${label.classes.join(', ')}`);
  return ok(dropped ? null : index);
}

/** An empty cell gives the neutral numbers. What is wrong with the cell; null where nothing is. */
function writeFeature(
  feature: NumericFeature | CategoricalFeature,
  cell: string,
  target: Float32Array,
): string | null {
  target.fill(0);
  if (feature.kind === 'numeric') return writeNumber(feature, cell, target);
  if (cell === '') return null;
  const index = feature.values.indexOf(cell);
  if (index < 0) return `not one of ${feature.values.join(', ')}`;
  target[index] = 1;
  return null;
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu;

function writeNumber({ min, max, scale }: NumericFeature, cell: string, target: Float32Array): string | null {
  if (cell === '') {
    target[0] = scale.kind === 'standard' ? 0 : 0.5;
    return null;
  }
  if (!DECIMAL.test(cell)) return 'not a number (written with a point, without separators)';
  const number = Number(cell);
  if (!(number >= min && number <= max)) return `not between ${min} and ${max}`;
  target[0] =
    scale.kind === 'standard' ? (number - scale.mean) / scale.deviation : (number - min) / (max - min);
  return null;
}
