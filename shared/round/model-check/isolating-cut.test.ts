import { describe, expect, it } from 'vitest';
import {
  confirmations,
  held,
  keyed,
  maskRequest,
  masked,
  offered,
  play,
  roster,
  seat,
  trained,
  unmaskRequest,
  uploaded,
} from '../client/examples.ts';
import type { ClientState } from '../client/types.ts';
import { sparseParameters } from '../parameters.ts';

/**
 * A coordinator with accomplices in two runs of k/2 positions of the ring reports the honest tabs of these runs as
 * dropped, and so gets the keys of all masks that lead out of the part between them.
 */
interface Attack {
  readonly size: number;
  readonly neighbours: number;
  readonly threshold: number;
  /** In each of the two runs; they stand before the honest ones of the first and behind those of the second. */
  readonly accomplices: number;
  readonly between: number;
}

const FIRST = 10;

/** Positions on the ring are the roster indices: the order is drawn from the roster, which a coordinator can grind. */
function layOut({ size, neighbours, accomplices, between }: Attack) {
  const run = neighbours / 2;
  const second = FIRST + run + between;
  const inside = (start: number, from: number, count: number) =>
    Array.from({ length: count }, (_, step) => start + from + step);
  const dropped = [...inside(FIRST, accomplices, run - accomplices), ...inside(second, 0, run - accomplices)];
  const corrupt = [...inside(FIRST, 0, accomplices), ...inside(second, run - accomplices, accomplices)];
  const everyone = Array.from({ length: size }, (_, index) => index);
  return { everyone, dropped, corrupt, between: inside(FIRST, run, between) };
}
const neighboursOf = (self: number, { size, neighbours }: Attack) =>
  Array.from({ length: neighbours / 2 }, (_, step) => step + 1)
    .flatMap((step) => [(self + step) % size, (self + size - step) % size])
    .sort((a, b) => a - b);

/** One honest tab on the way that the coordinator leads it; all who are said to have survived confirm. */
function lead(
  self: number,
  attack: Attack,
): { readonly state: ClientState; readonly keyShares: readonly number[] } {
  const { everyone, dropped } = layOut(attack);
  const survivors = everyone.filter((index) => !dropped.includes(index));
  const peers = neighboursOf(self, attack);
  const { size, threshold } = attack;
  const itsSeat = { ...seat, size, self, neighbours: peers, holders: peers, threshold };
  const end = play(
    offered(),
    trained,
    keyed,
    roster,
    { kind: 'roster-checked', seat: itsSeat },
    ...peers.map(held),
    maskRequest(...everyone),
    masked,
    uploaded,
    unmaskRequest(...survivors),
    confirmations(...survivors),
  );
  const keyShares = end.effects.flatMap((effect) => (effect.kind === 'reveal' ? effect.dropped : []));
  return { state: end.state, keyShares };
}

describe('the isolating cut', () => {
  const weak: Attack = { size: 60, neighbours: 8, threshold: 6, accomplices: 2, between: 9 };

  it('n = 60, k = 8, t = 6, without the fourth condition: the sum of 9 tabs is opened, every signature in order', () => {
    const { everyone, dropped, corrupt, between } = layOut(weak);
    expect(everyone.length - dropped.length).toBe(56);
    const honest = everyone.filter((index) => !dropped.includes(index) && !corrupt.includes(index));
    const led = honest.map((self) => lead(self, weak));
    expect(new Set(led.map(({ state }) => state.kind))).toEqual(new Set(['revealed']));
    const keyShares = led.flatMap((tab) => tab.keyShares);
    for (const lost of dropped) {
      const fromCorrupt = corrupt.filter((index) => neighboursOf(index, weak).includes(lost)).length;
      const shares = keyShares.filter((of) => of === lost).length + fromCorrupt;
      expect(shares).toBeGreaterThanOrEqual(weak.threshold);
    }
    // Masks that lead out of the part between are all with tabs whose keys are known.
    const known = new Set([...dropped, ...corrupt]);
    const outside = between.flatMap((index) =>
      neighboursOf(index, weak).filter((peer) => !between.includes(peer) && !known.has(peer)),
    );
    expect(outside).toEqual([]);
  });

  it('CONFIRM-1: with k and t of all four conditions the tabs beside the runs refuse, and reveal nothing', () => {
    const parameters = sparseParameters(
      { cohort: 300, accomplices: 30, dropouts: 30, coordinator: 'active' },
      { privacyBits: 80, correctnessBits: 30 },
    );
    expect(parameters).toEqual({ neighbours: 82, threshold: 57 });
    // All 30 accomplices in the two runs, and still one in each too few.
    const strong: Attack = { size: 300, neighbours: 82, threshold: 57, accomplices: 15, between: 50 };
    const { between } = layOut(strong);
    const beside = [between[0] ?? 0, between.at(-1) ?? 0];
    for (const self of beside)
      expect(lead(self, strong)).toMatchObject({
        state: { kind: 'left', why: 'unmask-refused', revealed: false },
        keyShares: [],
      });
    // One share fewer, and they would answer.
    for (const self of beside) expect(lead(self, { ...strong, threshold: 56 }).state.kind).toBe('revealed');
  });

  it('the fourth condition is what keeps t that high', () => {
    const counts = { cohort: 300, accomplices: 30, dropouts: 30, coordinator: 'active' } as const;
    const bits = { privacyBits: 80, correctnessBits: 30 };
    const without = sparseParameters(counts, bits, 'without-fourth');
    expect(without?.neighbours).toBeLessThanOrEqual(82);
    expect(without?.threshold).toBeLessThanOrEqual(57);
  });
});
