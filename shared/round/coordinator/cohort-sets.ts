/** U2 and U3, and whether enough holders are left (SHARE-5, UPLOAD-4). */
import { ascending } from './sets.ts';
import type { Cohort, Held, RoundPlan } from './types.ts';

/** D of a roster: the offer's share of it, rounded down. */
export const dropoutsOf = (size: number, dropoutPerMille: number): number =>
  Math.floor((size * dropoutPerMille) / 1_000);

/**
 * U2: of those who reported, repeatedly without whoever has fewer than min(all its holders, t + ⌈D/n · holders⌉)
 * holders in U2 that hold its shares.
 */
export function sharingSurvivors(
  { roster, holders, parameters }: Cohort,
  held: Held,
  { dropoutPerMille }: Pick<RoundPlan, 'dropoutPerMille'>,
): ReadonlySet<number> {
  const size = roster.length;
  const dropouts = dropoutsOf(size, dropoutPerMille);
  let members = new Set(held.keys());
  for (;;) {
    const kept = new Set(
      [...members].filter((member) => {
        const mine = holders[member] ?? [];
        const needed = Math.min(
          mine.length,
          parameters.threshold + Math.ceil((dropouts * mine.length) / size),
        );
        const holding = mine.filter((holder) => members.has(holder) && held.get(holder)?.has(member));
        return holding.length >= needed;
      }),
    );
    if (kept.size === members.size) return members;
    members = kept;
  }
}

/** Members of `all` of whose holders in `present` fewer than t hold their shares, ascending. */
export function shortOfHolders(
  { holders, parameters }: Cohort,
  held: Held,
  all: ReadonlySet<number>,
  present: ReadonlySet<number>,
): readonly number[] {
  return ascending(all).filter((member) => {
    const holding = (holders[member] ?? []).filter(
      (holder) => present.has(holder) && held.get(holder)?.has(member),
    );
    return holding.length < parameters.threshold;
  });
}
