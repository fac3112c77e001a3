import { describe, expect, it } from 'vitest';
import { GATHER_GRACE_MS, MAX_CONSECUTIVE_ABORTS } from '../protocol/limits.ts';
import { decideRun, type RunSituation } from './schedule.ts';

const gathering: RunSituation = {
  settings: { clients: 5, minCohort: 3, rounds: 10 },
  ready: 0,
  attempted: false,
  sinceStartMs: 0,
  completed: 0,
  consecutiveAborts: 0,
  stopRequested: false,
  left: Infinity,
};
const decide = (change: Partial<RunSituation>) => decideRun({ ...gathering, ...change });
const offer = { kind: 'offer' };

describe('decideRun', () => {
  it('RUN-3: offers at once when all who are wanted are ready', () => {
    expect(decide({ ready: 5 })).toEqual(offer);
    expect(decide({ ready: 6 })).toEqual(offer);
  });

  it('RUN-3: with fewer it waits for the rest of the grace, then offers to minCohort or more', () => {
    expect(decide({ ready: 4, sinceStartMs: 1_500 })).toEqual({
      kind: 'wait',
      retryInMs: GATHER_GRACE_MS - 1_500,
    });
    expect(decide({ ready: 3, sinceStartMs: GATHER_GRACE_MS - 1 })).toEqual({ kind: 'wait', retryInMs: 1 });
    expect(decide({ ready: 3, sinceStartMs: GATHER_GRACE_MS })).toEqual(offer);
  });

  it('RUN-3: with fewer than minCohort it waits for people, however long', () => {
    const wait = { kind: 'wait', retryInMs: null };
    expect(decide({ ready: 2, sinceStartMs: 1e9 })).toEqual(wait);
    expect(decide({ ready: 2, attempted: true })).toEqual(wait);
  });

  it('RUN-4: between rounds it offers at once to minCohort or more', () => {
    expect(decide({ ready: 3, attempted: true, completed: 1 })).toEqual(offer);
    expect(decide({ ready: 3, attempted: true, consecutiveAborts: 1 })).toEqual(offer);
  });

  it('RUN-5: is done after its rounds, also when a stop was asked for meanwhile', () => {
    const done = { kind: 'finish', outcome: 'done', because: null };
    expect(decide({ ready: 5, completed: 10 })).toEqual(done);
    expect(decide({ ready: 5, completed: 10, stopRequested: true })).toEqual(done);
  });

  it('RUN-5: a stop ends it before its rounds', () => {
    expect(decide({ ready: 5, completed: 4, stopRequested: true })).toMatchObject({
      outcome: 'stopped',
      because: 'Stopped after 4 of 10 rounds.',
    });
  });

  it('RUN-6: fails when attempts abort too often in a row, and says which round', () => {
    const often = { ready: 5, attempted: true, completed: 2 };
    expect(decide({ ...often, consecutiveAborts: MAX_CONSECUTIVE_ABORTS - 1 })).toEqual(offer);
    expect(decide({ ...often, consecutiveAborts: MAX_CONSECUTIVE_ABORTS })).toMatchObject({
      kind: 'finish',
      outcome: 'failed',
      because: expect.stringContaining('Round 3 was aborted 10 times in a row'),
    });
  });
});
