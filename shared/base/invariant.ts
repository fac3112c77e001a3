/** Assertions about our own code. They throw: a broken invariant is a bug here, never a peer's doing. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

/** Closes a switch over a union: the compiler proves that no case is left. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
