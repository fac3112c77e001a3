import { describe, expect, it } from 'vitest';
import { cohortCounts, standingOf } from './cohort.ts';
import {
  A,
  ALL_ACCEPT,
  ALL_OPENING,
  ALL_SHARED,
  ALL_TRAINED,
  ALL_UPLOADED,
  B,
  OUTSIDER,
  accept,
  advertise,
  after,
  deadline,
  gone,
  opened,
  stop,
  uploaded,
} from './examples.ts';

describe('cohortCounts', () => {
  it('counts what a cohort has done, to its end', () => {
    expect(cohortCounts(after(...ALL_UPLOADED).state)).toMatchObject({ trained: 4, uploaded: 4 });
    expect(cohortCounts(after(...ALL_OPENING, opened).state)).toMatchObject({ trained: 4, uploaded: 4 });
    const aborted = cohortCounts(after(...ALL_TRAINED, stop).state);
    expect(aborted).toMatchObject({ invited: 4, trained: 0, uploaded: 0 });
  });
});

describe('standingOf', () => {
  const withoutA = [
    ...ALL_SHARED,
    ...ALL_UPLOADED.slice(-4).filter((event) => event !== ALL_UPLOADED.at(-3)),
  ];
  it.each([
    ['offered', after(accept(A)).state, ['training', null]],
    ['offered, one quick', after(accept(A), advertise(A), accept(B)).state, ['trained', 'training']],
    ['training', after(...ALL_ACCEPT, advertise(A)).state, ['trained', 'training']],
    ['training, one gone', after(...ALL_ACCEPT, gone(A)).state, [null, 'training']],
    ['sharing', after(...ALL_TRAINED).state, ['trained', 'trained']],
    ['masking', after(...ALL_SHARED, uploaded(A)).state, ['uploaded', 'trained']],
    ['confirming, one late', after(...withoutA, deadline('masking')).state, [null, 'uploaded']],
    ['opening', after(...ALL_OPENING).state, ['uploaded', 'uploaded']],
    ['done', after(...ALL_OPENING, opened).state, [null, null]],
    ['aborted', after(...ALL_TRAINED, stop).state, [null, null]],
  ] as const)('tells what each has done: %s', (_, state, standings) => {
    expect([standingOf(state, A), standingOf(state, B)]).toEqual(standings);
    expect(standingOf(state, OUTSIDER)).toBeNull();
  });
});
