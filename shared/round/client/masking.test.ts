import { describe, expect, it } from 'vitest';
import {
  PHASES,
  REFUSE,
  at,
  deadline,
  grant,
  held,
  inState,
  kinds,
  maskRequest,
  masked,
  peersGone,
  seatOf,
  unmaskRequest,
  uploaded,
} from './examples.ts';
import { step } from './step.ts';
import type { ClientEvent } from './types.ts';

describe('sharing', () => {
  it('SHARE-3: says whose shares it holds when it has all', () => {
    expect(at('sharing', held(0), held(3)).state.kind).toBe('sharing');
    const { state, effects } = at('sharing', held(0), held(3), held(2));
    expect(state.kind).toBe('shared');
    expect(effects).toEqual([
      { kind: 'cancel-timer' },
      { kind: 'send-shared', held: [0, 1, 2, 3] },
      { kind: 'start-timer', ms: 600 },
    ]);
  });

  it('SHARE-3: it waits for nobody that is gone, and for nobody after its deadline', () => {
    const { effects } = at('sharing', held(0), peersGone(3), held(2));
    expect(effects[1]).toEqual({ kind: 'send-shared', held: [0, 1, 2] });
    expect(at('sharing', held(2), peersGone(0, 3)).effects[1]).toEqual({ kind: 'send-shared', held: [1, 2] });
    expect(at('sharing', held(2), deadline).effects[1]).toEqual({ kind: 'send-shared', held: [1, 2] });
    expect(at('sharing', peersGone(0), peersGone(), held(2), held(3)).state.kind).toBe('sharing');
  });

  it('SHARE-3: a share that comes after its word is held, and not announced', () => {
    const late = at('sharing', held(0), held(2), deadline, held(3));
    expect(inState(late, 'shared').held).toEqual(new Set([0, 1, 2, 3]));
    expect(late.effects).toEqual([]);
  });

  it('SHARE-3: with nobody to wait for, its word follows at once', () => {
    const alone = { ...seatOf(4), neighbours: [], holders: [1] };
    expect(kinds(at('checking', { kind: 'roster-checked', seat: alone }).effects)).toEqual([
      'cancel-timer',
      'start-timer',
      'exchange-shares',
      'cancel-timer',
      'send-shared',
      'start-timer',
    ]);
  });
});

describe('U2', () => {
  it('MASK-1: masks with all neighbours in it', () => {
    expect(at('shared', maskRequest(0, 1, 3))).toMatchObject({
      state: { kind: 'masking', u2: { members: [0, 1, 3] } },
      effects: [
        { kind: 'cancel-timer' },
        { kind: 'start-timer', ms: 4_300 },
        { kind: 'mask', peers: [0, 3] },
      ],
    });
  });

  it.each<[string, ClientEvent[]]>([
    ['lacks me', [maskRequest(0, 2, 3)]],
    ['is smaller than minSurvivors', [maskRequest(0, 1)]],
  ])('MASK-1: that %s: it leaves before masking', (_, events) => {
    expect(at('shared', ...events)).toMatchObject({
      state: { kind: 'left', why: 'mask-refused', revealed: false },
      effects: REFUSE,
    });
  });

  it('MASK-1: with fewer than t of my holders: it leaves before masking', () => {
    // n = 6, C = 1, t = 4.
    const six: ClientEvent = { kind: 'roster-checked', seat: seatOf(6) };
    const others = [0, 2, 3, 4, 5].map(held);
    const shared = at('checking', six, ...others);
    expect(step(shared.state, maskRequest(0, 1, 2))).toMatchObject({
      state: { kind: 'left', why: 'mask-refused' },
      effects: REFUSE,
    });
    expect(step(shared.state, maskRequest(0, 1, 2, 3)).state.kind).toBe('masking');
  });

  it('MASK-1: in a sparse graph its own being there counts for no holder', () => {
    const sparse = { ...seatOf(4), neighbours: [0, 2, 3], holders: [0, 2, 3], threshold: 3 };
    const shared = at('checking', { kind: 'roster-checked', seat: sparse }, held(0), held(2), held(3));
    expect(step(shared.state, maskRequest(0, 1, 2)).state).toMatchObject({
      kind: 'left',
      why: 'mask-refused',
    });
    expect(step(shared.state, maskRequest(0, 1, 2, 3)).state.kind).toBe('masking');
  });

  it('EVIDENCE-1: a second, different U2 makes it leave with both; the same again is nothing', () => {
    for (const phase of PHASES.slice(PHASES.indexOf('masking'))) {
      const { state } = at(phase);
      expect(step(state, maskRequest(0, 1, 2, 3))).toEqual({ state, effects: [] });
      expect(step(state, maskRequest(0, 1, 2))).toMatchObject({
        state: { kind: 'left', why: 'equivocation', revealed: phase === 'revealed' },
        effects: [...REFUSE, { kind: 'keep-evidence', of: 'u2' }],
      });
    }
  });

  it('FAULT-1: before its word on shares, a mask-request changes nothing', () => {
    for (const phase of PHASES.slice(0, PHASES.indexOf('shared'))) {
      const { state } = at(phase);
      expect(step(state, maskRequest(0, 1, 2, 3))).toMatchObject({
        state,
        effects: [{ kind: 'report-fault' }],
      });
    }
  });

  it('MASK-2: a mask that cannot be made: it leaves', () => {
    expect(at('masking', { kind: 'mask-failed', detail: 'A key is of small order.' })).toMatchObject({
      state: { kind: 'left', why: 'mask-refused', detail: 'A key is of small order.' },
      effects: REFUSE,
    });
  });
});

describe('the upload', () => {
  it('UPLOAD-1: what masked it is erased before the vector is offered', () => {
    expect(at('masking', masked)).toMatchObject({
      state: { kind: 'uploading' },
      effects: [{ kind: 'erase-masking' }, { kind: 'send-masked-ready' }],
    });
  });

  it('UPLOAD-1: goes out from the chunk that is asked for, and again where its turn comes back', () => {
    expect(at('uploading', grant(0)).effects).toEqual([{ kind: 'upload', nextChunk: 0 }]);
    expect(at('uploading', grant(0), grant(3)).effects).toEqual([{ kind: 'upload', nextChunk: 3 }]);
    expect(at('submitted', grant(2))).toMatchObject({
      state: { kind: 'uploading' },
      effects: [{ kind: 'upload', nextChunk: 2 }],
    });
    expect(at('submitted', grant(2), uploaded).state.kind).toBe('submitted');
  });

  it('FAULT-1: a turn that was not asked for changes nothing', () => {
    for (const phase of ['shared', 'masking', 'confirming'] as const) {
      const { state } = at(phase);
      expect(step(state, grant(0))).toMatchObject({ state, effects: [{ kind: 'report-fault' }] });
    }
  });

  it('UPLOAD-5: the round went on before it had sent anything: it leaves and reveals nothing', () => {
    expect(at('masking', unmaskRequest(0, 1, 2))).toMatchObject({
      state: { kind: 'left', why: 'unmask-refused', revealed: false },
      effects: REFUSE,
    });
  });
});
