import { expect, it } from 'vitest';
import { className } from './class-names.ts';

it('names the labels of each data set that ships', () => {
  expect([0, 1, 2].map((label) => className('penguins', label))).toEqual(['Adelie', 'Chinstrap', 'Gentoo']);
  expect([0, 1].map((label) => className('spam', label))).toEqual(['wanted', 'spam']);
  expect(className('mnist', 7)).toBe('7');
  expect([0, 1, 2, 38].map((label) => className('speeches', label))).toEqual([
    'any other',
    'space',
    'a',
    '.',
  ]);
});

it('falls back to the number where a label is unknown', () => {
  expect([className('penguins', 3), className('spam', 2)]).toEqual(['class 3', 'class 2']);
});
