import { describe, expect, it } from 'vitest';
import { parseIdx } from './idx.ts';

const header = (...dimensions: number[]) => [
  0,
  0,
  8,
  dimensions.length,
  ...dimensions.flatMap((d) => [0, 0, d >> 8, d & 255]),
];

describe('IDX files', () => {
  it('gives the shape and a view of the elements', () => {
    const parsed = parseIdx(Uint8Array.of(...header(2, 3), 1, 2, 3, 4, 5, 6));
    expect(parsed).toEqual({ ok: true, value: { shape: [2, 3], bytes: Uint8Array.of(1, 2, 3, 4, 5, 6) } });
  });

  it.each([
    ['an empty file', [], /not an IDX file/],
    ['another format', [80, 75, 3, 4, 0], /not an IDX file/],
    ['another element type', [0, 0, 13, 1, 0, 0, 0, 0], /element type 13/],
    ['no dimensions', [0, 0, 8, 0], /cut short/],
    ['a header cut short', [0, 0, 8, 3, 0, 0], /cut short/],
    ['elements cut short', [...header(2, 2), 1, 2, 3], /promises 4 elements \(2 × 2\), the file holds 3/],
    ['elements too many', [...header(1), 1, 2], /promises 1 elements/],
  ])('rejects %s', (_what, bytes, sentence) => {
    const parsed = parseIdx(Uint8Array.from(bytes));
    expect(parsed.ok ? '' : parsed.fault).toMatch(sentence);
  });
});
