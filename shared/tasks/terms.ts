/** What a run asks of one participant in all: what a person agrees to, and what grows when a run is extended (EXTEND-1). */
import * as v from 'valibot';
import type { Caps } from '../privacy/ledger.ts';

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const finite = v.pipe(v.number(), v.finite());

export interface RunTerms {
  /** Of the run, from its first on. */
  readonly rounds: number;
  /** Of one participant in this run; null where no noise is added. */
  readonly caps: Caps | null;
}
export const runTerms = v.strictObject({
  rounds: whole,
  caps: v.nullable(v.strictObject({ participations: whole, epsilon: finite, delta: finite })),
});

/** Whether whoever agreed to `agreed` has agreed to all that `asked` asks. */
export function coversTerms(agreed: RunTerms, asked: RunTerms): boolean {
  if (!(asked.rounds <= agreed.rounds)) return false;
  if (agreed.caps === null) return asked.caps === null;
  return asked.caps !== null && areWithin(asked.caps, agreed.caps);
}

/** Written so that what is no number is within nothing. */
const areWithin = (caps: Caps, agreed: Caps): boolean =>
  caps.participations <= agreed.participations &&
  caps.epsilon <= agreed.epsilon &&
  caps.delta <= agreed.delta;

export const sameTerms = (a: RunTerms, b: RunTerms): boolean => coversTerms(a, b) && coversTerms(b, a);
