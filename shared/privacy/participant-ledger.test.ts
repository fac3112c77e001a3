import { describe, expect, it } from 'vitest';
import type { ParticipantId, RunId, Sid } from '../base/ids.ts';
import type { CountedMechanism } from './ledger.ts';
import { epsilonOfEntries } from './ledger.ts';
import type { OwnEntry, OwnLimits } from './participant-ledger.ts';
import { entriesOfClient, refusalOf } from './participant-ledger.ts';

const MECHANISM: CountedMechanism = {
  mode: 'distributed',
  noiseSteps: 4_000,
  l1: 50_000,
  l2: 1_000,
  dimension: 8_192,
  countedShares: 29,
};

// Runs, clients and sids of these tests are told apart by one character or number.
const entryOf = (run: string, client: string, sid: number, mechanism = MECHANISM): OwnEntry => ({
  run: `run-${run.repeat(12)}` as RunId,
  client: client.repeat(64) as ParticipantId,
  sid: String(sid).padStart(64, '0') as Sid,
  mechanism,
});
const entriesIn = (run: string, client: string, count: number, from = 0): OwnEntry[] =>
  Array.from({ length: count }, (_, index) => entryOf(run, client, from + index));

const DELTA = 1e-5;
const FREE = { epsilon: Infinity, delta: DELTA };
const limits = (run: Partial<OwnLimits['run']>, origin = FREE): OwnLimits => ({
  run: { participations: 20, ...FREE, ...run },
  origin,
});
const epsilonOf = (count: number) => epsilonOfEntries(entriesIn('a', 'c', count), DELTA);

describe('a participant’s ledger', () => {
  const next = entryOf('a', 'c', 999);

  it('lets a client through until its rounds in the run are spent', () => {
    expect(refusalOf(entriesIn('a', 'c', 19), next, limits({}))).toBeNull();
    expect(refusalOf(entriesIn('a', 'c', 20), next, limits({}))).toBe('participations');
  });

  it('until its ε in the run is spent', () => {
    const caps = limits({ epsilon: epsilonOf(6) });
    expect(refusalOf(entriesIn('a', 'c', 5), next, caps)).toBeNull();
    expect(refusalOf(entriesIn('a', 'c', 6), next, caps)).toBe('epsilon');
  });

  it('until its own ε is spent, whichever the runs and tabs it was spent in', () => {
    const own = limits({}, { epsilon: epsilonOf(6), delta: DELTA });
    const elsewhere = [...entriesIn('b', 'c', 3), ...entriesIn('a', 'd', 2, 100)];
    expect(refusalOf(elsewhere, next, own)).toBeNull();
    expect(refusalOf([...elsewhere, entryOf('b', 'e', 200)], next, own)).toBe('own-epsilon');
  });

  it('other runs and other tabs do not spend a client’s rounds', () => {
    const others = [...entriesIn('b', 'c', 20), ...entriesIn('a', 'd', 20, 100)];
    expect(refusalOf(others, next, limits({}))).toBeNull();
    expect(entriesOfClient([...others, next], next)).toEqual([next]);
  });

  it('a second tab in the same sum is counted with the first, not beside it', () => {
    const first = entryOf('a', 'd', 999);
    const beside = epsilonOfEntries([entryOf('a', 'd', 1), next], DELTA);
    const own = limits({}, { epsilon: beside, delta: DELTA });
    expect(refusalOf([entryOf('a', 'd', 1)], next, own)).toBeNull();
    expect(refusalOf([first], next, own)).toBe('own-epsilon');
  });

  it('a limit keeps a participant out of rounds without noise, no limit does not', () => {
    const plain = entryOf('a', 'c', 1, { ...MECHANISM, mode: 'none', noiseSteps: 0 });
    expect(refusalOf([], plain, limits({}, { epsilon: 1e6, delta: DELTA }))).toBe('own-epsilon');
    expect(refusalOf([], plain, limits({}))).toBeNull();
    expect(refusalOf([plain], next, limits({}, { epsilon: 1e6, delta: DELTA }))).toBe('own-epsilon');
  });
});
