import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { penguinsSchema } from './penguins.ts';
import { schemaWidth, tableSchema, type TableSchema } from './schema.ts';

const [length, , , , sex] = penguinsSchema.features;
const { label } = penguinsSchema;
const problem = (changes: Partial<Record<keyof TableSchema, unknown>>) => {
  const parsed = v.safeParse(tableSchema, { ...penguinsSchema, ...changes });
  return parsed.success ? null : parsed.issues.map(({ message }) => message).join('; ');
};

describe('a table’s schema', () => {
  it('survives JSON, and says how many inputs a row gives', () => {
    expect(v.parse(tableSchema, JSON.parse(JSON.stringify(penguinsSchema)))).toEqual(penguinsSchema);
    expect(schemaWidth(penguinsSchema)).toBe(6);
  });

  it.each([
    ['another version', { version: 2 }, /Expected 1/],
    ['no features', { features: [] }, /length/],
    ['a column that is read twice', { features: [length, length] }, /column is given twice/],
    ['a label that is an input', { label: { ...label, column: 'Sex' } }, /column is given twice/],
    ['classes given twice', { label: { ...label, classes: ['a', 'a'] } }, /class is given twice/],
    ['one class', { label: { ...label, classes: ['a'] } }, /length/],
    ['values given twice', { features: [{ ...sex, values: ['x', ' x'] }] }, /value is given twice/],
    ['bounds in the wrong order', { features: [{ ...length, min: 9, max: 9 }] }, /min must be below max/],
    [
      'a deviation of zero',
      { features: [{ ...length, scale: { kind: 'standard', mean: 0, deviation: 0 } }] },
      /Expected >0/,
    ],
    [
      'a mean that is no number',
      { features: [{ ...length, scale: { kind: 'standard', mean: Number.NaN, deviation: 1 } }] },
      /NaN/,
    ],
    ['a policy that is none', { features: [{ ...length, missing: 'guess' }] }, /"guess"/],
    ['a kind that is none', { features: [{ ...length, kind: 'date' }] }, /"date"/],
  ])('rejects %s', (_what, changes, sentence) => {
    expect(problem(changes)).toMatch(sentence);
  });
});
