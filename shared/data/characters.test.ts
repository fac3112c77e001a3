import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { characterIndices, CHARACTERS, characterWindows, textOf } from './characters.ts';

describe('characters', () => {
  it('have fixed indices: unknown, space, letters, digits, marks', () => {
    expect(CHARACTERS).toBe(50);
    expect([...characterIndices(' az09)')]).toEqual([1, 2, 27, 28, 37, 49]);
    expect([...characterIndices('@ß')]).toEqual([0, 0]);
  });

  it('come back as the plain text', () => {
    expect(textOf(characterIndices('Élan “vital” —\r\n\t it’s 50% Œ'))).toBe(
      'elan "vital" - it\'s 50\uFFFD \uFFFD',
    );
  });

  it('are always in the alphabet, and plain text is read as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const indices = characterIndices(text);
        expect(indices.every((index) => index < CHARACTERS)).toBe(true);
        expect(characterIndices(textOf(indices).replaceAll('\uFFFD', '@'))).toEqual(indices);
      }),
    );
  });
});

describe('windows of characters', () => {
  it('are followed by the character they foretell', () => {
    expect(characterWindows(Uint8Array.of(1, 2, 3, 4, 5, 6), 3, 2)).toEqual({
      count: 2,
      inputs: Uint8Array.of(1, 2, 3, 3, 4, 5),
      labels: Uint8Array.of(4, 6),
    });
  });

  it('are all that have a character after them', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        (indices, length, stride) => {
          const windows = characterWindows(indices, length, stride);
          const starts: number[] = [];
          for (let at = 0; at + length < indices.length; at += stride) starts.push(at);
          expect(windows.count).toBe(starts.length);
          expect([...windows.inputs]).toEqual(starts.flatMap((at) => [...indices.subarray(at, at + length)]));
          expect([...windows.labels]).toEqual(starts.map((at) => indices[at + length]));
        },
      ),
    );
  });

  it.each([
    [0, 1, 'length'],
    [1.5, 1, 'length'],
    [1, 0, 'stride'],
  ])('rejects length %d, stride %d', (length, stride, name) => {
    expect(() => characterWindows(new Uint8Array(9), length, stride)).toThrow(new RegExp(name));
  });
});
