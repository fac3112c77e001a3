import { describe, expect, it } from 'vitest';
import { step as tab } from '../client/step.ts';
import { step as coordinator } from '../coordinator/step.ts';
import { honestModel, type HonestBounds } from './honest.ts';
import { forgottenTimer, lateUpload, oneShareTooFew, toldFirst } from '../planted-machines.ts';
import type { CoordinatorMachine, Machines } from './honest-round.ts';
import { search, type Found } from './search.ts';

const machines: Machines = { tab, coordinator };
const explore = (bounds: HonestBounds, planted: Partial<Machines> = {}): Found =>
  search(honestModel(bounds, { ...machines, ...planted }), 100_000);
const three = { size: 3, dropoutPerMille: 0, faults: 1, from: 'offered' } as const;
const four = { ...three, size: 4, from: 'masking' } as const;

describe('an honest coordinator over a network that loses, repeats and reorders', () => {
  it.each<[string, HonestBounds, number]>([
    ['three tabs from the offer on, one of which dies, reconnects or is late', three, 10_000],
    ['four tabs from masking on, one of which dies, reconnects or is late', four, 20_000],
  ])(
    'OPEN-1, REVEAL-2, OUTCOME-1, EVIDENCE-1, END-1: %s: exact sums, one outcome, an end',
    (_, bounds, leastStates) => {
      const found = explore(bounds);
      expect(found).toMatchObject({ kind: 'sound' });
      expect(found.states).toBeGreaterThan(leastStates);
    },
  );
});

describe('planted faults are found', () => {
  it.each<[string, HonestBounds, CoordinatorMachine, string]>([
    ['UPLOAD-5: a late upload that is admitted', four, lateUpload, 'an honest coordinator is accused'],
    ['OPEN-1: one share too few', { ...four, from: 'confirming' }, oneShareTooFew, 'a self mask stays on'],
    ['END-1: a phase without a deadline', three, forgottenTimer, 'it waits in confirming without a timer'],
    ['OUTCOME-1: an outcome that is told first', three, toldFirst, 'told before it was persisted'],
  ])('%s', (_, bounds, planted, rule) => {
    expect(explore(bounds, { coordinator: planted })).toMatchObject({ kind: 'broken', rule });
  });

  it('REVEAL-2: a tab that reveals twice', () => {
    const found = explore(
      { ...four, from: 'confirming' },
      {
        tab: (state, event) =>
          state.kind === 'revealed' && event.kind === 'confirmations'
            ? { state, effects: [{ kind: 'reveal', survivors: [], dropped: [] }] }
            : tab(state, event),
      },
    );
    expect(found).toMatchObject({ kind: 'broken', rule: 'a tab reveals twice' });
  });
});
