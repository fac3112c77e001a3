/**
 * Texts as windows of characters for a model that says the next one. The alphabet is fixed, so that every
 * participant's index 5 is the same letter whatever its own text holds.
 *
 * A text is brought to Unicode form NFKD without its marks (é becomes e) and lower case; typographic quotes and dashes
 * become plain ones, a run of white space one space; any other character that is not in the alphabet is index 0.
 */

const KNOWN = ' abcdefghijklmnopqrstuvwxyz0123456789.,;:?!\'"-$()';
/** Size of the alphabet: the known characters, after index 0 for all others. */
export const CHARACTERS = KNOWN.length + 1;

const INDEX_OF = new Map(Array.from(KNOWN).map((character, index) => [character, index + 1]));

/** One index a character, 0..CHARACTERS-1. */
export function characterIndices(text: string): Uint8Array {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[‘’‚‛`]/gu, "'")
    .replace(/[“”„‟]/gu, '"')
    .replace(/\p{Pd}/gu, '-')
    .replace(/\s+/gu, ' ');
  return Uint8Array.from(Array.from(plain), (character) => INDEX_OF.get(character) ?? 0);
}

/** The text back from its indices; a replacement character where the index is 0. */
export const textOf = (indices: Iterable<number>): string =>
  Array.from(indices, (index) => KNOWN[index - 1] ?? '\uFFFD').join('');

/** `inputs` is [count, length], `labels` [count]: the character after each window. */
export interface CharacterWindows {
  readonly count: number;
  readonly inputs: Uint8Array;
  readonly labels: Uint8Array;
}

/**
 * Every window of `length` indices that has a character after it; each begins `stride` characters after the one
 * before. None where the text is no longer than a window.
 */
export function characterWindows(indices: Uint8Array, length: number, stride: number): CharacterWindows {
  if (!Number.isInteger(length) || length < 1) throw new RangeError(`length: ${length}`);
  if (!Number.isInteger(stride) || stride < 1) throw new RangeError(`stride: ${stride}`);
  const count = Math.max(0, Math.ceil((indices.length - length) / stride));
  const inputs = new Uint8Array(count * length);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    inputs.set(indices.subarray(i * stride, i * stride + length), i * length);
    labels[i] = indices[i * stride + length] as number;
  }
  return { count, inputs, labels };
}
