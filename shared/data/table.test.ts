import Papa from 'papaparse';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TableSchema } from './schema.ts';
import { csvExamples, MAX_INPUTS, MAX_ROWS, tableExamples } from './table.ts';

const schema: TableSchema = {
  version: 1,
  features: [
    {
      kind: 'numeric',
      column: 'age',
      min: 0,
      max: 120,
      scale: { kind: 'standard', mean: 40, deviation: 20 },
      missing: 'neutral',
    },
    { kind: 'numeric', column: 'dose', min: -5, max: 15, scale: { kind: 'range' }, missing: 'neutral' },
    { kind: 'categorical', column: 'ward', values: ['A', 'B', 'C'], missing: 'neutral' },
  ],
  label: { column: 'outcome', classes: ['no', 'yes'], missing: 'drop-row' },
  missingMarks: ['NA', '?'],
};
const HEADER = 'age,dose,ward,outcome';
const csv = (...rows: string[]) => [HEADER, ...rows].join('\n');
const faultOf = (text: string, expected: TableSchema = schema) => {
  const read = csvExamples(text, expected);
  if (read.ok) throw new Error('the table was not refused');
  return read.fault;
};
const rowsOf = (text: string, expected: TableSchema = schema) => {
  const read = csvExamples(text, expected);
  if (!read.ok) throw new Error(read.fault.detail);
  return read.value;
};
/** The schema with one policy for missing cells of all features. */
const withPolicy = (missing: 'refuse' | 'drop-row'): TableSchema => ({
  ...schema,
  features: schema.features.map((feature) => ({ ...feature, missing })),
});

describe('a table that fits its schema', () => {
  it('becomes inputs in the schema’s order, scaled by its constants, and labels', () => {
    const { examples, droppedRows, unreadColumns } = rowsOf(csv('60,10,B,yes', '30,-5,A,no'));
    expect(examples).toEqual({
      count: 2,
      inputs: Float32Array.of(1, 0.75, 0, 1, 0, -0.5, 0, 1, 0, 0),
      labels: Uint8Array.of(1, 0),
    });
    expect([droppedRows, unreadColumns]).toEqual([0, []]);
  });

  it('may have its columns in any order, others beside them, spaces, a byte order mark and Windows’ line ends', () => {
    const { examples, unreadColumns } = rowsOf(
      '\uFEFFoutcome, name ,ward,dose,age\r\n yes,"Doe, J.", B ,10, 60\r\n',
    );
    expect([...examples.inputs]).toEqual([1, 0.75, 0, 1, 0]);
    expect(unreadColumns).toEqual(['name']);
  });

  it.each([';', '\t'])('may be cut by %j', (delimiter) => {
    const text = csv('60,10,B,yes', '30,-5,A,no').replaceAll(',', delimiter);
    expect([...rowsOf(text).examples.labels]).toEqual([1, 0]);
  });

  it('may hold empty rows, which are passed over', () => {
    const { examples, droppedRows } = rowsOf(csv('', '60,10,B,yes', ',,,', ''));
    expect([examples.count, droppedRows]).toEqual([1, 0]);
  });

  it('gives the same numbers whatever other rows there are: no constant is from the rows', () => {
    const row = fc.record({
      age: fc.integer({ min: 0, max: 120 }),
      dose: fc.double({ min: -5, max: 15, noNaN: true }),
      ward: fc.constantFrom('A', 'B', 'C'),
      outcome: fc.constantFrom('no', 'yes'),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), (rows) => {
        const all = rowsOf(Papa.unparse(rows)).examples;
        rows.forEach((single, i) => {
          const alone = rowsOf(Papa.unparse([single])).examples;
          expect(all.inputs.subarray(i * 5, (i + 1) * 5)).toEqual(alone.inputs);
          expect(all.labels[i]).toBe(alone.labels[0]);
        });
      }),
    );
  });
});

describe('missing cells', () => {
  it('are neutral where the schema says so, whether empty or marked', () => {
    const { examples, droppedRows } = rowsOf(csv('NA,,?,yes'));
    expect([...examples.inputs]).toEqual([0, 0.5, 0, 0, 0]);
    expect(droppedRows).toBe(0);
  });

  it('leave their row out where the schema says so, and the rows beside it alone', () => {
    const { examples, droppedRows } = rowsOf(
      csv('60,10,B,yes', '60,10,NA,yes', '?,10,B,yes', '60,10,B,', '30,-5,A,no'),
      withPolicy('drop-row'),
    );
    expect(droppedRows).toBe(3);
    expect(examples).toEqual(rowsOf(csv('60,10,B,yes', '30,-5,A,no')).examples);
  });

  it('are refused with row and column where the schema says so', () => {
    expect(faultOf(csv('60,10,B,yes', '60,,B,yes'), withPolicy('refuse'))).toEqual({
      code: 'cell',
      row: 3,
      column: 'dose',
      detail: 'Row 3, column "dose": the cell is empty.',
    });
    const strict: TableSchema = { ...schema, label: { ...schema.label, missing: 'refuse' } };
    expect(faultOf(csv('60,10,B,NA'), strict)).toMatchObject({ row: 2, column: 'outcome' });
  });

  it('do not excuse a wrong cell in the same row', () => {
    expect(faultOf(csv('NA,10,Z,yes'), withPolicy('drop-row'))).toMatchObject({ row: 2, column: 'ward' });
    expect(faultOf(csv('NA,10,B,maybe'), withPolicy('drop-row'))).toMatchObject({ column: 'outcome' });
  });
});

describe('a table that does not fit is refused', () => {
  it.each([
    ['words for a number', csv('60,10,B,yes', 'sixty,10,B,yes'), 'cell', 3, 'age', /not a number/],
    ['a decimal comma', csv('60,"1,5",B,yes'), 'cell', 2, 'dose', /not a number/],
    ['a hexadecimal number', csv('0x1F,10,B,yes'), 'cell', 2, 'age', /not a number/],
    ['infinity', csv('Infinity,10,B,yes'), 'cell', 2, 'age', /not a number/],
    ['a number too large to be one', csv('1e999,10,B,yes'), 'cell', 2, 'age', /not between 0 and 120/],
    ['another unit', csv('60,10,B,yes', '', '720,10,B,yes'), 'cell', 4, 'age', /not between 0 and 120/],
    ['a value of no category', csv('60,10,b,yes'), 'cell', 2, 'ward', /not one of A, B, C/],
    ['a label of no class', csv('60,10,B,Yes'), 'cell', 2, 'outcome', /not one of no, yes/],
    ['a row cut short', csv('60,10,B'), 'cell', 2, null, /3 cells, but the header has 4/],
    ['a row too long', csv('60,10,B,yes,'), 'cell', 2, null, /5 cells, but the header has 4/],
    ['a missing column', 'age,dose,outcome\n60,10,yes', 'column', 1, 'ward', /no column "ward"/],
    ['a column twice', `${HEADER},age\n60,10,B,yes,61`, 'column', 1, 'age', /more than one column "age"/],
    ['a quote without its end', csv('60,10,B,yes', '60,10,"B,yes'), 'csv', 3, null, /quote/i],
    ['nothing', '', 'csv', null, null, /no header/],
    ['a header alone', HEADER, 'size', null, null, /no row/],
    ['only rows to be left out', csv('60,10,B,NA'), 'size', null, null, /no row/],
  ])('%s', (_what, text, code, row, column, sentence) => {
    const fault = faultOf(text);
    expect(fault).toMatchObject({ code, row, column });
    expect(fault.detail).toMatch(sentence);
    if (row !== null && row > 1) expect(fault.detail).toContain(`Row ${row}`);
  });

  it('without a word of what its cells hold', () => {
    for (const text of [csv('secret,10,B,yes'), csv('60,10,secret,yes'), csv('60,10,B,secret')])
      expect(faultOf(text).detail).not.toContain('secret');
  });

  it('where it has more rows than are read', () => {
    const row = ['60', '10', 'B', 'yes'];
    const rows = Array.from({ length: MAX_ROWS + 1 }, () => row);
    const cells = { header: HEADER.split(','), rows };
    expect(tableExamples(cells, schema)).toMatchObject({ ok: false, fault: { code: 'size' } });
    const text = [HEADER, ...rows.map((cellsOfRow) => cellsOfRow.join(','))].join('\n');
    expect(faultOf(text)).toMatchObject({ code: 'size', detail: 'The table has more than 200000 rows.' });
    expect(rowsOf(text.slice(0, text.lastIndexOf('\n'))).examples.count).toBe(MAX_ROWS);
  });

  it('where it would become more numbers than there is room for', () => {
    const ward = { kind: 'categorical', column: 'ward', missing: 'neutral' } as const;
    const values = Array.from({ length: 256 }, (_, i) => `ward ${i}`);
    const wide: TableSchema = { ...schema, features: [{ ...ward, values }] };
    const rows = Array.from({ length: MAX_INPUTS / 256 + 1 }, () => ['ward 7', 'yes']);
    const read = tableExamples({ header: ['ward', 'outcome'], rows }, wide);
    expect(read.ok ? '' : read.fault.detail).toMatch(/131073 rows of 256 numbers/);
  });
});
