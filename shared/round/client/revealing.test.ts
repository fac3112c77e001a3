import { describe, expect, it } from 'vitest';
import {
  PHASES,
  REFUSE,
  at,
  confirmations,
  deadline,
  held,
  kinds,
  maskRequest,
  masked,
  peersGone,
  seatOf,
  set,
  unmaskRequest,
  uploaded,
} from './examples.ts';
import { step } from './step.ts';
import type { ClientEvent } from './types.ts';

describe('U3', () => {
  it('CONFIRM-1: is confirmed once with U2, also before the driver saw its last bytes leave', () => {
    for (const phase of ['uploading', 'submitted'] as const)
      expect(at(phase, unmaskRequest(0, 1, 2))).toMatchObject({
        state: { kind: 'confirming', u3: { members: [0, 1, 2] } },
        effects: [
          { kind: 'cancel-timer' },
          { kind: 'start-timer', ms: 5_300 },
          { kind: 'confirm', u2: set(0, 1, 2, 3), u3: set(0, 1, 2) },
        ],
      });
  });

  it.each<[string, ClientEvent]>([
    ['U3 ⊄ U2', unmaskRequest(0, 1, 2, 3, 4)],
    ['me ∉ U3', unmaskRequest(0, 2, 3)],
    ['fewer than minSurvivors', unmaskRequest(0, 1)],
  ])('CONFIRM-1: %s: it leaves and reveals nothing', (_, event) => {
    for (const phase of ['uploading', 'submitted'] as const)
      expect(at(phase, event)).toMatchObject({
        state: { kind: 'left', why: 'unmask-refused', revealed: false },
        effects: REFUSE,
      });
  });

  it('CONFIRM-1: fewer than t of my holders in it: it leaves and reveals nothing', () => {
    // n = 6, C = 1, t = 4.
    const submitted = at(
      'checking',
      { kind: 'roster-checked', seat: seatOf(6) },
      ...[0, 2, 3, 4, 5].map(held),
      maskRequest(0, 1, 2, 3, 4, 5),
      masked,
      uploaded,
    );
    expect(step(submitted.state, unmaskRequest(0, 1, 2))).toMatchObject({
      state: { kind: 'left', why: 'unmask-refused' },
      effects: REFUSE,
    });
    expect(step(submitted.state, unmaskRequest(0, 1, 2, 3)).state.kind).toBe('confirming');
  });

  it('EVIDENCE-1: a second, different U3 makes it leave with both, and nothing more is revealed', () => {
    for (const phase of ['confirming', 'revealed'] as const) {
      const { state } = at(phase);
      expect(step(state, unmaskRequest(0, 1, 2))).toEqual({ state, effects: [] });
      expect(step(state, unmaskRequest(0, 1, 2, 3))).toMatchObject({
        state: { kind: 'left', why: 'equivocation', revealed: phase === 'revealed' },
        effects: [...REFUSE, { kind: 'keep-evidence', of: 'u3' }],
      });
    }
  });

  it('FAULT-1: before U2, an unmask-request changes nothing', () => {
    for (const phase of PHASES.slice(0, PHASES.indexOf('masking'))) {
      const { state } = at(phase);
      expect(step(state, unmaskRequest(0, 1, 2))).toMatchObject({
        state,
        effects: [{ kind: 'report-fault' }],
      });
    }
  });
});

describe('the reveal', () => {
  it('REVEAL-1: b-shares of U3 and key-shares of who dropped, one kind for each', () => {
    expect(at('confirming', confirmations(0, 2))).toMatchObject({
      state: { kind: 'revealed' },
      effects: [
        { kind: 'cancel-timer' },
        { kind: 'start-timer', ms: 6_300 },
        { kind: 'reveal', survivors: [0, 1, 2], dropped: [3] },
      ],
    });
  });

  it('REVEAL-1: only of U2, and only shares that it holds', () => {
    const partly = at(
      'sharing',
      held(0),
      held(2),
      peersGone(3),
      maskRequest(0, 1, 2, 3),
      masked,
      uploaded,
      unmaskRequest(0, 1, 2),
      confirmations(0, 1, 2),
    );
    expect(partly.effects[2]).toEqual({ kind: 'reveal', survivors: [0, 1, 2], dropped: [] });
    const outside = at(
      'shared',
      maskRequest(0, 1, 2),
      masked,
      uploaded,
      unmaskRequest(0, 1, 2),
      confirmations(0, 2),
    );
    expect(outside.effects[2]).toEqual({ kind: 'reveal', survivors: [0, 1, 2], dropped: [] });
  });

  it('REVEAL-1: fewer than t signatures over the same U3: it leaves and reveals nothing', () => {
    for (const valid of [[], [0], [0, 0, 1], [0, 3]])
      expect(at('confirming', confirmations(...valid))).toMatchObject({
        state: { kind: 'left', why: 'too-few-confirmed', revealed: false },
        effects: REFUSE,
      });
  });

  it('REVEAL-1: in the complete graph its own signature is one of t, in a sparse graph it is none', () => {
    expect(at('confirming', confirmations(0, 2)).state.kind).toBe('revealed');
    const sparse = { ...seatOf(4), holders: [0, 2, 3], threshold: 3 };
    const confirming = at(
      'checking',
      { kind: 'roster-checked', seat: sparse },
      held(0),
      held(2),
      held(3),
      maskRequest(0, 1, 2, 3),
      masked,
      uploaded,
      unmaskRequest(0, 1, 2, 3),
    );
    expect(step(confirming.state, confirmations(0, 1, 2)).state).toMatchObject({ why: 'too-few-confirmed' });
    expect(step(confirming.state, confirmations(0, 2, 3)).state.kind).toBe('revealed');
  });

  it('REVEAL-2: it is write-once: no further confirmations, request or return reveals again', () => {
    const { state } = at('revealed');
    expect(step(state, confirmations(0, 1, 2, 3))).toEqual({ state, effects: [] });
    for (const event of [unmaskRequest(0, 1, 2), unmaskRequest(0, 1, 2, 3), maskRequest(0, 1, 2), deadline])
      expect(kinds(step(state, event).effects)).not.toContain('reveal');
  });

  it('FAULT-1: confirmations before U3 change nothing', () => {
    for (const phase of PHASES.slice(0, PHASES.indexOf('confirming'))) {
      const { state } = at(phase);
      expect(step(state, confirmations(0, 1, 2))).toMatchObject({
        state,
        effects: [{ kind: 'report-fault' }],
      });
    }
  });
});
