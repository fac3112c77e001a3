import { describe, expect, it } from 'vitest';
import { cohortCounts } from './cohort.ts';
import { hex, MODEL, stop, after, ALL_TRAINED, ALL_UPLOADED } from './examples.ts';
import type { CoordinatorEvent } from './types.ts';

describe('cohortCounts', () => {
  it('counts what a cohort has done, to its end', () => {
    expect(cohortCounts(after(...ALL_UPLOADED).state)).toMatchObject({ trained: 4, uploaded: 4 });
    const opened: CoordinatorEvent = { kind: 'opened', sumHash: hex(7), modelHash: MODEL };
    expect(cohortCounts(after(...ALL_UPLOADED, opened).state)).toMatchObject({ trained: 4, uploaded: 4 });
    expect(cohortCounts(after(...ALL_TRAINED, stop).state)).toMatchObject({
      invited: 4,
      trained: 0,
      uploaded: 0,
    });
  });
});
