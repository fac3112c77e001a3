/** Breadth-first search of all states that a model can reach; the shortest way to a state that breaks a rule. */

export interface Model<State> {
  readonly start: State;
  /** Equal for states that behave alike. */
  key(state: State): string | number;
  /** What can happen next, and what comes of it. */
  moves(state: State): Iterable<readonly [move: string, next: State]>;
  /** The rule that the state breaks, as a sentence; null where it keeps all. */
  broken(state: State): string | null;
}

export type Found =
  | { readonly kind: 'sound'; readonly states: number; readonly depth: number }
  | {
      readonly kind: 'broken';
      readonly states: number;
      readonly rule: string;
      readonly trace: readonly string[];
    };

/** Throws where there are more states than `mostStates`: a bound that was set too wide proves nothing. */
export function search<State>(model: Model<State>, mostStates: number): Found {
  interface Visit {
    readonly state: State;
    readonly move: string;
    readonly before: Visit | null;
  }
  const traceOf = (visit: Visit | null): string[] =>
    visit === null ? [] : [...traceOf(visit.before), visit.move];
  const seen = new Set([model.key(model.start)]);
  let level: Visit[] = [{ state: model.start, move: 'start', before: null }];
  for (let depth = 0; level.length > 0; depth++) {
    const next: Visit[] = [];
    for (const visit of level) {
      const rule = model.broken(visit.state);
      if (rule !== null) return { kind: 'broken', states: seen.size, rule, trace: traceOf(visit) };
      for (const [move, state] of model.moves(visit.state)) {
        const key = model.key(state);
        if (seen.has(key)) continue;
        seen.add(key);
        if (seen.size > mostStates) throw new RangeError(`mostStates: more than ${mostStates}`);
        next.push({ state, move, before: visit });
      }
    }
    if (next.length === 0) return { kind: 'sound', states: seen.size, depth };
    level = next;
  }
  return { kind: 'sound', states: seen.size, depth: 0 };
}
