/** What a page makes of an evaluation by class: a table, the commonest mistake in words, and what accuracy alone would hide. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, describe, expect, it } from 'vitest';
import { detailOf } from '#shared/tasks/evaluation.ts';
import ClassTable from './ClassTable.svelte';

let mounted: Record<string, unknown> | null = null;

function show(props: {
  readonly detail: ReturnType<typeof detailOf>;
  readonly dataset: 'mnist' | 'penguins' | 'spam' | 'speeches';
  readonly of: string;
}): void {
  mounted = mount(ClassTable, { target: document.body, props });
  flushSync();
}

afterEach(async () => {
  if (mounted !== null) await unmount(mounted);
  mounted = null;
});

const text = () => document.body.textContent.replaceAll(/\s+/g, ' ');
const rows = () =>
  Array.from(document.querySelectorAll('tbody tr'), (row) =>
    Array.from(row.children, (cell) => cell.textContent.trim()),
  );

describe('the table of classes', () => {
  it('has recall and precision of each class by name, and a dash where there is nothing to divide by', () => {
    const matrix = [
      [7, 1, 2],
      [1, 3, 0],
      [0, 0, 0],
    ];
    show({ detail: detailOf(matrix, null), dataset: 'penguins', of: 'your data' });
    expect(rows()).toEqual([
      ['Adelie', '10', '70.0 %', '87.5 %'],
      ['Chinstrap', '4', '75.0 %', '75.0 %'],
      ['Gentoo', '0', '–', '0.0 %'],
    ]);
    expect(text()).toContain('Most often, Adelie is taken for Gentoo: 2 of 10 examples.');
    expect(document.querySelector('[role=region]')?.getAttribute('aria-label')).toBe(
      'Each class on your data',
    );
  });

  it('says what always answering the commonest class would be right on, and the AUC of two', () => {
    show({
      detail: detailOf(
        [
          [60, 9],
          [1, 30],
        ],
        0.9876,
      ),
      dataset: 'spam',
      of: 'the test set',
    });
    expect(text()).toContain('always saying “wanted” would be right on 69.0 %.');
    // (60/69 + 30/31) / 2
    expect(text()).toContain('Where each class counts alike, the model is right on 91.9 %.');
    expect(text()).toContain('Area under the curve (AUC) 0.988: how often a random example of “spam”');
  });

  it('leaves out what does not apply: no mistake, classes as frequent as one another, letters that are not there', () => {
    const size = 47;
    const matrix = Array.from({ length: size }, (_, label) =>
      Array.from({ length: size }, (_other, predicted) => Number(label === predicted && label < 40)),
    );
    show({ detail: detailOf(matrix, null), dataset: 'speeches', of: 'the test set' });
    expect(text()).toContain('All of the test set is named rightly.');
    expect(text()).not.toMatch(/AUC|always saying/);
    expect(rows().map(([name]) => name)).toHaveLength(40);
  });
});
