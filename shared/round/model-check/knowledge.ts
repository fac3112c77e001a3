/**
 * What a coordinator and its accomplices can compute from what honest tabs gave away, in symbols: sets of roster
 * indices are bit masks, a share is a count, a mask is known or not.
 *
 * A masked vector is x_i + b_i + Σ ±m_ij over the neighbours j in the U2 that its tab was shown. b_i and the mask
 * key of i are known with t shares of it; m_ij is known where one of its two ends is an accomplice or has a known
 * key. What cannot be subtracted cancels only where both ends have added it, under the same roster: so the least
 * sums that can be opened are those of the connected parts of the graph of unknown masks.
 */

/** Over a roster and what it calls U2 and U3. */
export interface Signature {
  readonly root: string;
  readonly u2: number;
  readonly u3: number;
}

/** What one honest tab has given away, ever. */
export interface GivenAway {
  /** The roster its secrets are dealt under; null before. */
  readonly dealt: string | null;
  /** The U2 that its uploaded vector is masked for; null before. */
  readonly vector: number | null;
  readonly confirmed: readonly Signature[];
  /** Whose b-shares and whose key-shares it has revealed. */
  readonly selfMaskShares: number;
  readonly keyShares: number;
}

export const NOTHING: GivenAway = {
  dealt: null,
  vector: null,
  confirmed: [],
  selfMaskShares: 0,
  keyShares: 0,
};

export interface Collusion {
  /** In the complete graph: everyone holds shares of everyone. The honest tabs have the first roster indices. */
  readonly accomplices: number;
  readonly threshold: number;
  readonly minSurvivors: number;
}

const has = (mask: number, index: number) => ((mask >> index) & 1) === 1;

/** The rule of privacy that is broken, as a sentence; null where none is. */
export function disclosure(given: readonly GivenAway[], collusion: Collusion): string | null {
  const { accomplices, threshold, minSurvivors } = collusion;
  const known = (of: 'selfMaskShares' | 'keyShares', index: number) =>
    accomplices + given.filter((tab) => has(tab[of], index)).length >= threshold;
  const selfMask = given.map((_, index) => known('selfMaskShares', index));
  const key = given.map((_, index) => known('keyShares', index));
  const both = selfMask.findIndex((isKnown, index) => isKnown && key[index]);
  if (both >= 0) return `both secrets of tab ${both} are known`;
  for (const part of openedParts(given, selfMask, key))
    if (part.length < minSurvivors - accomplices) return `the sum of the tabs ${part.join()} alone is known`;
  return null;
}

/** Connected parts of the graph of unknown masks in which every other mask is known. */
function openedParts(
  given: readonly GivenAway[],
  selfMask: readonly boolean[],
  key: readonly boolean[],
): readonly (readonly number[])[] {
  const adds = (from: number, to: number) => {
    const vector = given[from]?.vector ?? null;
    return vector !== null && has(vector, to) && !key[from] && !key[to];
  };
  const cancels = (a: number, b: number) => adds(a, b) && adds(b, a) && given[a]?.dealt === given[b]?.dealt;
  const others = (index: number) => given.flatMap((_, other) => (other === index ? [] : [other]));
  const parts: number[][] = [];
  const seen = new Set<number>();
  for (const [first, tab] of given.entries()) {
    if (tab.vector === null || seen.has(first)) continue;
    const part = [first];
    seen.add(first);
    for (const member of part)
      for (const other of others(member))
        if (cancels(member, other) && !seen.has(other)) {
          seen.add(other);
          part.push(other);
        }
    const opened = part.every(
      (member) =>
        selfMask[member] && others(member).every((other) => !adds(member, other) || cancels(member, other)),
    );
    if (opened) parts.push(part);
  }
  return parts;
}
