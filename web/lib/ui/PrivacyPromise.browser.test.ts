/** The promise on the page: every sentence of the statement, in every mode. */
import { flushSync, mount, unmount } from 'svelte';
import { expect, it } from 'vitest';
import { statement, type StatementFacts } from '#shared/privacy/statement.ts';
import PrivacyPromise from './PrivacyPromise.svelte';

const facts: StatementFacts = {
  mode: 'distributed',
  reader: 'participant',
  spentEpsilon: 2.25,
  delta: 1e-5,
  roundsSpent: 5,
  roundsMax: 20,
  epsilonAtEnd: 5.04,
  worstEpsilon: 10.61,
  countedShares: 19,
};

async function textOf(change: Partial<StatementFacts>): Promise<string> {
  const props = { facts: { ...facts, ...change } };
  const component = mount(PrivacyPromise, { target: document.body, props });
  flushSync();
  const text = document.body.textContent.replaceAll(/\s+/g, ' ');
  await unmount(component);
  return text;
}

it.each(['distributed', 'central', 'local', 'none'] as const)('says all of it in mode %s', async (mode) => {
  for (const reader of ['participant', 'observer'] as const) {
    const text = await textOf({ mode, reader });
    const sentences = Object.values(statement({ ...facts, mode, reader })).filter((words) => words !== null);
    expect(sentences.filter((words) => !text.includes(words))).toEqual([]);
  }
});

it('names who adds the noise, and tells a participant what makes the count forgotten', async () => {
  expect(await textOf({ mode: 'central' })).toContain('The coordinator adds the noise');
  expect(await textOf({ mode: 'none' })).toContain('No noise is added');
  expect(await textOf({})).toContain('Clearing the site’s data forgets the count.');
  expect(await textOf({ reader: 'observer' })).not.toContain('Clearing');
});
