import { describe, expect, it } from 'vitest';
import { evaluateRow, groupNames } from '../rows/evaluate.ts';
import type { ReferenceRow } from './reference.ts';
import { comparisons, deviation, reference } from './reference.ts';

const groups = Object.groupBy(reference.rows, ({ group }) => group);
const rowsOf = (group: string): readonly ReferenceRow[] => groups[group] ?? [];

const misses = (row: ReferenceRow, out: Readonly<Record<string, unknown>>): string[] =>
  comparisons(row, out)
    .map(deviation)
    .filter((text) => text !== null)
    .map((text) => `${row.id} ${text}`);

describe('the accountant against reference values', () => {
  it('knows every group of the file and no other', () => {
    expect(groupNames).toEqual(Object.keys(reference.counts).toSorted());
    const counted = Object.entries(groups).map(([group, rows]) => [group, rows?.length ?? 0]);
    expect(Object.fromEntries(counted)).toEqual(reference.counts);
    expect(reference.rows).toHaveLength(2_385);
  });

  for (const [group, count] of Object.entries(reference.counts)) {
    it(
      `${group}: ${count} rows, none below and none above beyond the tolerance`,
      { timeout: 120_000 },
      () => {
        const found = rowsOf(group).flatMap((row) => misses(row, evaluateRow(row.group, row.in).out));
        expect(found).toEqual([]);
      },
    );
  }

  it('params_heuristic: the noise found meets the target at its own scale', () => {
    for (const row of rowsOf('params_heuristic')) {
      const found = evaluateRow(row.group, row.in).out;
      const group = row.in['mechanism'] === 'skellam' ? 'skellam_epsilon' : 'ddgauss_epsilon';
      const { epsilon } = evaluateRow(group, { ...row.in, ...found }).out;
      expect(epsilon).toBeLessThanOrEqual(Number(row.in['epsilon']));
      expect(found['local_stddev']).toBeLessThanOrEqual(1.01 * Number(row.out['local_stddev']));
    }
  });
});

describe('the comparison itself', () => {
  /** Every compared number lowered, or raised, to three times its tolerance away. */
  const moved = (row: ReferenceRow, direction: 1 | -1): string[] =>
    comparisons(row, row.out)
      .filter(({ expected }) => typeof expected === 'number')
      .map((comparison) => {
        const { expected, tolerance } = comparison;
        const room = Math.max(tolerance.relative * Math.abs(Number(expected)), tolerance.absolute, 1e-300);
        const actual = Number(expected) + direction * Math.max(3 * room, Math.abs(Number(expected)) * 1e-15);
        return deviation({ ...comparison, actual }) === null ? `${row.id} ${comparison.name}` : '';
      })
      .filter((text) => text !== '');

  it('lets the references through', () => {
    expect(reference.rows.flatMap((row) => misses(row, row.out))).toEqual([]);
  });

  it('catches every number that is below by three tolerances', () => {
    expect(reference.rows.flatMap((row) => moved(row, -1))).toEqual([]);
  });

  it('catches every number that is above by three tolerances', () => {
    expect(reference.rows.flatMap((row) => moved(row, 1))).toEqual([]);
  });

  it('catches an output that is missing, and an error that is answered by a number', () => {
    const [row] = rowsOf('adaptive_clip_split');
    if (row === undefined) throw new Error('no row');
    expect(row.out['z_delta']).toBe('error');
    expect(misses(row, {})).toHaveLength(1);
    expect(misses(row, { z_delta: 1 })).toHaveLength(1);
  });

  it('catches an accountant that reports a tenth less ε', () => {
    const rows = [...rowsOf('skellam_epsilon'), ...rowsOf('rdp_eps_poisson_gaussian')];
    for (const row of rows) {
      const { out } = evaluateRow(row.group, row.in);
      const lowered = Object.fromEntries(
        Object.entries(out).map(([name, value]) => [name, typeof value === 'number' ? 0.9 * value : value]),
      );
      expect(misses(row, lowered).join()).toContain('below');
    }
  });
});
