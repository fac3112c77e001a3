import { describe, expect, it } from 'vitest';
import { cohortCounts, standingOf } from './cohort.ts';
import {
  A,
  B,
  OUTSIDER,
  hex,
  MODEL,
  accept,
  advertise,
  gone,
  stop,
  uploaded,
  after,
  ALL_ACCEPT,
  ALL_TRAINED,
  ALL_UPLOADED,
} from './examples.ts';
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

describe('standingOf', () => {
  it.each([
    ['offered', after(accept(A)).state, ['training', null]],
    ['offered, one quick', after(accept(A), advertise(A), accept(B)).state, ['trained', 'training']],
    ['training', after(...ALL_ACCEPT, advertise(A)).state, ['trained', 'training']],
    ['training, one gone', after(...ALL_ACCEPT, gone(A)).state, [null, 'training']],
    ['masking', after(...ALL_TRAINED, uploaded(A)).state, ['uploaded', 'trained']],
    ['opening', after(...ALL_UPLOADED).state, ['uploaded', 'uploaded']],
    ['aborted', after(...ALL_TRAINED, stop).state, [null, null]],
  ] as const)('tells what each has done: %s', (_, state, standings) => {
    expect([standingOf(state, A), standingOf(state, B)]).toEqual(standings);
    expect(standingOf(state, OUTSIDER)).toBeNull();
  });
});
