import { describe, expect, it } from 'vitest';
import {
  ERASE,
  MODEL,
  PHASES,
  type Phase,
  abort,
  at,
  deadline,
  dismissed,
  eventsTo,
  leave,
  peersGone,
  reconnected,
  result,
} from './examples.ts';
import { isOver, step } from './step.ts';
import type { ClientEvent, Resendable } from './types.ts';

describe('how a round ends for a participant', () => {
  it('ABORT-2: an abort is told in every state; what was revealed counts as a participation', () => {
    for (const phase of PHASES)
      expect(at(phase, abort)).toMatchObject({
        state: { kind: 'aborted', code: 'too-few-uploaded', revealed: phase === 'revealed' },
        effects: ERASE,
      });
  });

  it.each<[string, ClientEvent, string]>([
    ['a person leaves', leave, 'person-left'],
    ['the coordinator left it out', dismissed, 'dismissed'],
  ])('LEAVE-1: %s: all is erased, in every state', (_, event, why) => {
    for (const phase of PHASES)
      expect(at(phase, event)).toMatchObject({
        state: { kind: 'left', why, revealed: phase === 'revealed' },
        effects: ERASE,
      });
  });

  it('LEAVE-1: a silent coordinator is waited for until the deadline, in every state but sharing’s', () => {
    for (const phase of PHASES.filter((name) => name !== 'sharing'))
      expect(at(phase, deadline)).toMatchObject({
        state: { kind: 'left', why: 'coordinator-silent' },
        effects: ERASE,
      });
    expect(at('sharing', deadline).state.kind).toBe('shared');
  });

  it('OUTCOME-2: a result ends it from U2 on, whatever it missed; before, it is a fault', () => {
    for (const phase of PHASES) {
      const { state } = at(phase);
      if (PHASES.indexOf(phase) >= PHASES.indexOf('masking'))
        expect(step(state, result)).toEqual({
          state: { kind: 'done', plan: state.plan, modelHash: MODEL, survivors: 3 },
          effects: ERASE,
        });
      else expect(step(state, result)).toMatchObject({ state, effects: [{ kind: 'report-fault' }] });
    }
  });

  it('SAME-1: on its return it sends again what it sent last, and nothing else', () => {
    const again: Readonly<Record<string, readonly Resendable[] | null>> = {
      training: ['accept'],
      keying: ['accept'],
      advertised: ['accept', 'advertise'],
      checking: null,
      sharing: ['shares'],
      shared: ['shares', 'shared'],
      masking: null,
      uploading: ['masked-ready'],
      submitted: ['masked-ready'],
      confirming: ['confirm'],
      revealed: ['reveal'],
    };
    for (const phase of PHASES) {
      const { state } = at(phase);
      const what = again[phase];
      expect(step(state, reconnected)).toEqual({
        state,
        effects: what === null ? [] : [{ kind: 'resend', what }],
      });
    }
  });

  it('hints that come late change nothing', () => {
    for (const phase of PHASES.filter((name) => name !== 'sharing')) {
      const { state } = at(phase);
      expect(step(state, peersGone(0))).toEqual({ state, effects: [] });
    }
  });

  it('every active state has a timer, and no ended one has', () => {
    const endings: ClientEvent[] = [abort, leave, deadline];
    const walk = (phase: Phase, ...more: ClientEvent[]) => {
      const events = [...eventsTo(phase), ...more];
      let armed = false;
      for (let count = 0; count <= events.length; count++)
        for (const effect of at('training', ...events.slice(0, count)).effects) {
          if (effect.kind === 'start-timer') armed = true;
          if (effect.kind === 'cancel-timer') armed = false;
        }
      return armed;
    };
    for (const phase of PHASES) {
      expect(walk(phase)).toBe(true);
      for (const event of endings) {
        const { state } = at(phase, event);
        expect(walk(phase, event)).toBe(!isOver(state));
      }
    }
  });
});
