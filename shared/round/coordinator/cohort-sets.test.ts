import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dropoutsOf, sharingSurvivors, shortOfHolders } from './cohort-sets.ts';
import { digestOf, tabs } from './examples.ts';
import type { Cohort, Held } from './types.ts';

const cohortOf = (holders: readonly (readonly number[])[], threshold: number): Cohort => ({
  roster: tabs(holders.length).map((participant) => ({ participant, digest: digestOf(participant) })),
  parameters: { graph: 'complete', neighbours: holders.length - 1, threshold },
  neighbours: holders,
  holders,
});
const everyone = (size: number) => Array.from({ length: size }, (_, index) => index);
const complete = (size: number, threshold: number) =>
  cohortOf(
    everyone(size).map(() => everyone(size)),
    threshold,
  );
const heldBy = (...lists: readonly (readonly number[] | null)[]): Held =>
  new Map(lists.flatMap((list, index) => (list === null ? [] : [[index, new Set(list)] as const])));

describe('D', () => {
  it('is the share of the roster, rounded down', () => {
    expect([dropoutsOf(10, 300), dropoutsOf(9, 300), dropoutsOf(3, 333), dropoutsOf(1_000, 100)]).toEqual([
      3, 2, 0, 100,
    ]);
  });
});

describe('U2', () => {
  it('SHARE-5: leaves out whose shares too few hold', () => {
    // t = 3: nobody but 4 itself holds 4's shares.
    const held = heldBy([0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3, 4]);
    expect(sharingSurvivors(complete(5, 3), held, { dropoutPerMille: 0 })).toEqual(new Set([0, 1, 2, 3]));
  });

  it('SHARE-5: leaves out repeatedly: who is left out holds no shares any more', () => {
    // A ring of six, t = 2, holders the two beside: without 0 its neighbours have one, and so on around.
    const ring = cohortOf(
      everyone(6).map((index) => [(index + 5) % 6, (index + 1) % 6]),
      2,
    );
    const all = everyone(6).map((index) => [(index + 5) % 6, (index + 1) % 6]);
    expect(sharingSurvivors(ring, heldBy(...all), { dropoutPerMille: 0 }).size).toBe(6);
    expect(sharingSurvivors(ring, heldBy(null, ...all.slice(1)), { dropoutPerMille: 0 }).size).toBe(0);
  });

  it('SHARE-5: keeps t + ⌈D/n · holders⌉ holders for later dropouts, at most all there are', () => {
    const held = heldBy(
      null,
      ...everyone(5)
        .slice(1)
        .map(() => everyone(5)),
    );
    // Four holders are left of five.
    expect(sharingSurvivors(complete(5, 3), held, { dropoutPerMille: 399 }).size).toBe(4);
    expect(sharingSurvivors(complete(5, 3), held, { dropoutPerMille: 400 }).size).toBe(0);
    expect(
      sharingSurvivors(complete(5, 4), heldBy(...everyone(5).map(() => everyone(5))), {
        dropoutPerMille: 900,
      }).size,
    ).toBe(5);
  });

  it('SHARE-5: is the largest set in which each has its holders, whatever was reported', () => {
    const sizes = fc.integer({ min: 3, max: 7 });
    const cases = sizes.chain((size) =>
      fc.record({
        size: fc.constant(size),
        threshold: fc.integer({ min: 1, max: size }),
        dropoutPerMille: fc.constantFrom(0, 200, 400),
        held: fc.array(fc.option(fc.subarray(everyone(size))), { minLength: size, maxLength: size }),
      }),
    );
    fc.assert(
      fc.property(cases, ({ size, threshold, dropoutPerMille, held: lists }) => {
        const cohort = complete(size, threshold);
        const held = heldBy(...lists);
        const needed = Math.min(size, threshold + dropoutsOf(size, dropoutPerMille));
        const isStable = (set: ReadonlySet<number>) =>
          [...set].every(
            (member) => [...set].filter((holder) => held.get(holder)?.has(member)).length >= needed,
          );
        const u2 = sharingSurvivors(cohort, held, { dropoutPerMille });
        expect(isStable(u2)).toBe(true);
        // Stable sets are closed under union: the largest holds every other.
        for (let bits = 0; bits < 1 << size; bits++) {
          const set = new Set(everyone(size).filter((index) => (bits >> index) & 1 && held.has(index)));
          if (isStable(set)) expect(set.isSubsetOf(u2)).toBe(true);
        }
      }),
      { numRuns: 200, seed: 5 },
    );
  });
});

describe('who is short of holders', () => {
  it('UPLOAD-4: counts holders that are present and hold its shares', () => {
    const held = heldBy([0, 1, 2], [0, 1, 2], [0, 1], [0, 1, 2]);
    const short = (present: readonly number[]) =>
      shortOfHolders(complete(4, 3), held, new Set([0, 1, 2]), new Set(present));
    expect(short([0, 1, 2, 3])).toEqual([]);
    expect(short([0, 1, 2])).toEqual([2]);
    expect(short([0, 3])).toEqual([0, 1, 2]);
  });
});
