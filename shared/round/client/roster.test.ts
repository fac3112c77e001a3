import { describe, expect, it } from 'vitest';
import {
  OWN_DIGEST,
  PHASES,
  REFUSE,
  after,
  at,
  entries,
  entry,
  keyed,
  kinds,
  otherRoster,
  roster,
  rosterChecked,
  seat,
  trained,
} from './examples.ts';
import { step } from './step.ts';
import type { ClientEvent } from './types.ts';

const afterList = (list: typeof entries) =>
  at('advertised', { kind: 'roster', root: seat.root, entries: list });

describe('before a roster', () => {
  it('TRAIN-1: reports the percentage alone while it trains', () => {
    const { state } = after();
    expect(step(state, { kind: 'progress', percent: 40 })).toEqual({
      state,
      effects: [{ kind: 'send-progress', percent: 40 }],
    });
  });

  it('TRAIN-2: makes its keys after training, and only then advertises', () => {
    expect(after(trained).effects).toEqual([{ kind: 'make-keys' }]);
    expect(after(trained, keyed)).toMatchObject({
      state: { kind: 'advertised', digest: OWN_DIGEST },
      effects: [{ kind: 'send-advertise' }],
    });
  });

  it.each(['training-failed', 'model-unavailable'] as const)('LEAVE-1: %s: erased, then declined', (kind) => {
    expect(after({ kind })).toMatchObject({
      state: { kind: 'left', why: kind },
      effects: [{ kind: 'cancel-timer' }, { kind: 'erase-secrets' }, { kind: 'send-decline', reason: kind }],
    });
  });
});

describe('a roster', () => {
  it('ROSTER-2: is checked before a share is dealt', () => {
    expect(at('advertised', roster)).toMatchObject({
      state: { kind: 'checking', root: seat.root },
      effects: [{ kind: 'check-roster', root: seat.root, entries }],
    });
  });

  it.each([
    ['is smaller than minCohort', entries.slice(0, 2)],
    ['is larger than the invitation', [...entries, entry(4)]],
    ['is not sorted', [entry(1), entry(0), entry(2)]],
    ['has somebody twice', [entry(0), entry(1), entry(1), entry(2)]],
    ['has the same keys twice', [entry(0), entry(1), { ...entry(2), digest: entry(0).digest }]],
    ['lacks this participant', [entry(0), entry(2), entry(3)]],
    ['has other keys for it', [entry(0), { ...entry(1), digest: 'other' }, entry(2)]],
    ['has its keys for another', [entry(0), { ...entry(2), digest: OWN_DIGEST }, entry(3)]],
  ])('ROSTER-2: that %s: it leaves before sharing, and says so', (_, list) => {
    expect(afterList(list)).toMatchObject({
      state: { kind: 'left', why: 'roster-invalid', revealed: false },
      effects: REFUSE,
    });
  });

  it('ROSTER-5: whose advertises are not its own or not invited: it leaves', () => {
    expect(at('checking', { kind: 'roster-refused', detail: 'A chain is missing.' })).toMatchObject({
      state: { kind: 'left', why: 'roster-invalid', detail: 'A chain is missing.' },
      effects: REFUSE,
    });
  });

  it('ROSTER-5: that is checked: shares are dealt, and the timer starts anew', () => {
    const { state, effects } = at('checking', rosterChecked);
    expect(state).toMatchObject({ kind: 'sharing', seat, held: new Set([1]) });
    expect(kinds(effects)).toEqual(['cancel-timer', 'start-timer', 'exchange-shares']);
  });

  it('ROSTER-5: in a sparse graph it holds no share of its own', () => {
    const sparse = { ...seat, neighbours: [0, 2], holders: [0, 2], threshold: 2 };
    const { state } = at('checking', { kind: 'roster-checked', seat: sparse });
    expect(state).toMatchObject({ kind: 'sharing', held: new Set() });
  });

  it('EVIDENCE-1, ROSTER-3: the first is final: a different one makes it leave with both, in every later state', () => {
    for (const phase of PHASES.slice(PHASES.indexOf('checking'))) {
      const { state } = at(phase);
      expect(step(state, roster)).toEqual({ state, effects: [] });
      expect(step(state, otherRoster)).toMatchObject({
        state: { kind: 'left', why: 'equivocation', revealed: phase === 'revealed' },
        effects: [...REFUSE, { kind: 'keep-evidence', of: 'roster' }],
      });
    }
  });

  it('FAULT-1: before it has advertised, a roster changes nothing', () => {
    for (const phase of ['training', 'keying'] as const) {
      const { state } = at(phase);
      expect(step(state, roster)).toMatchObject({
        state,
        effects: [{ kind: 'report-fault', fault: { code: 'wrong-phase' } }],
      });
    }
  });

  it('TRAIN-2: an answer of the driver that was never asked for is our own bug', () => {
    const answers: ClientEvent[] = [trained, keyed, rosterChecked, { kind: 'masked' }, { kind: 'uploaded' }];
    const { state } = at('shared');
    for (const answer of answers) expect(() => step(state, answer)).toThrow('invariant broken');
    expect(() => step(at('advertised').state, { kind: 'share-held', from: 0 })).toThrow('invariant broken');
    expect(() => step(state, { kind: 'share-held', from: 9 })).toThrow('invariant broken');
  });
});
