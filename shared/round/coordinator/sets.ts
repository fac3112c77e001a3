/** Small sets as values: a machine's states are never changed in place. */

export const without = <Item>(items: ReadonlySet<Item>, left: Item): ReadonlySet<Item> =>
  new Set([...items].filter((item) => item !== left));
export const including = <Item>(items: ReadonlySet<Item>, added: Item): ReadonlySet<Item> =>
  new Set([...items, added]);
export const ascending = (items: Iterable<number>): readonly number[] => [...items].toSorted((a, b) => a - b);
