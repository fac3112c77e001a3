/**
 * n honest tabs and accomplices against a coordinator that sends each of them whatever it can sign: different
 * rosters, U2 and U3 to different tabs, shares to some and not to others, confirmations or none.
 *
 * Tabs meet only in the shares they deal and in the signatures they give, so a state of the whole is one state of
 * each. States that differ only in the names of honest tabs are one.
 */
import type { HostileBounds, ClientMachine, Need, TabNode } from './hostile-tab.ts';
import { hostileTab, permutedKey } from './hostile-tab.ts';
import { disclosure, type GivenAway } from './knowledge.ts';
import type { Model } from './search.ts';

/** One node of each honest tab. */
type State = readonly number[];

/** `minSurvivors` is the least that the tabs insist on. */
export function hostileModel(bounds: HostileBounds, minSurvivors: number, step: ClientMachine): Model<State> {
  const { size, honest, threshold } = bounds;
  const tabs = Array.from({ length: honest }, (_, self) => hostileTab(self, bounds, step));
  const names = permutations(honest).map((to) => renaming(tabs, to, size));
  const collusion = { accomplices: size - honest, threshold, minSurvivors };
  const nodesOf = (state: State): readonly TabNode[] =>
    state.map((id, self) => tabs[self]?.[id]).filter((node) => node !== undefined);
  const base = Math.max(...tabs.map((nodes) => nodes.length));
  return {
    start: tabs.map(() => 0),
    key: (state) =>
      Math.min(...names.map((name) => name(state).reduce((number, id) => number * base + id, 0))),
    *moves(state) {
      const nodes = nodesOf(state);
      const given = nodes.map((node) => node.given);
      for (const [self, node] of nodes.entries())
        for (const { name, need, to } of node.moves)
          if (isMet(need, given)) yield [name, state.with(self, to)] as const;
    },
    broken(state) {
      const nodes = nodesOf(state);
      return (
        nodes.find((node) => node.broken !== null)?.broken ??
        disclosure(
          nodes.map((node) => node.given),
          collusion,
        )
      );
    },
  };
}

function isMet(need: Need | null, given: readonly GivenAway[]): boolean {
  if (need === null) return true;
  return given.every((tab, index) => {
    if (((need.by >> index) & 1) === 0) return true;
    if (need.kind === 'dealt') return tab.dealt === need.root;
    const { root, u2, u3 } = need.what;
    return tab.confirmed.some((what) => what.root === root && what.u2 === u2 && what.u3 === u3);
  });
}

/** The state in which the tab `i` is called `to[i]`. */
function renaming(
  tabs: readonly (readonly TabNode[])[],
  to: readonly number[],
  size: number,
): (state: State) => State {
  const all = Array.from({ length: size }, (_, index) => to[index] ?? index);
  const ids = tabs.map((nodes) => new Map(nodes.map(({ key }, id) => [key, id])));
  const renamed = tabs.map((nodes, self) =>
    nodes.map(({ key }) => {
      const id = ids[all[self] ?? self]?.get(permutedKey(key, all));
      if (id === undefined) throw new Error(`no tab is like ${key}`);
      return id;
    }),
  );
  return (state) => {
    const next = [...state];
    for (const [self, id] of state.entries()) next[all[self] ?? self] = renamed[self]?.[id] ?? id;
    return next;
  };
}

function permutations(size: number): readonly (readonly number[])[] {
  if (size === 0) return [[]];
  return permutations(size - 1).flatMap((shorter) =>
    Array.from({ length: size }, (_, place) => shorter.toSpliced(place, 0, size - 1)),
  );
}
