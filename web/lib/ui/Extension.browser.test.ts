/** What a tab's person reads of an extension, and their answer. */
import { flushSync, mount, unmount } from 'svelte';
import * as v from 'valibot';
import { afterEach, describe, expect, it } from 'vitest';
import { budgetOf, countedMechanism } from '#shared/privacy/ledger.ts';
import { epsilonText } from '#shared/privacy/statement.ts';
import type { AgreementView } from '#shared/participant/view.ts';
import type { RunView } from '#shared/protocol/api.ts';
import { currentTerms, promisedPrivacy } from '#shared/tasks/run-terms.ts';
import { extendedSettings } from '#shared/tasks/extension.ts';
import { runSettings, type RunSettings } from '#shared/tasks/run.ts';
import type { RunTerms } from '#shared/tasks/terms.ts';
import Extension from './Extension.svelte';

const PARAMETERS = 7_850;
const made = (privacy: object): RunSettings =>
  v.parse(runSettings, {
    taskId: 'mnist-softmax',
    clients: 4,
    minSurvivors: 4,
    minCohort: 4,
    rounds: 3,
    privacy,
  });
function longer(settings: RunSettings): RunSettings {
  const extended = extendedSettings(settings, PARAMETERS, { rounds: 6 });
  return extended.ok ? extended.value : expect.unreachable(extended.fault.reason);
}
const noisy = made({ mode: 'distributed', clipNorm: 1, epsilon: 8, delta: 1e-5 });

const mounted: Record<string, unknown>[] = [];
function show(settings: RunSettings, change: Partial<AgreementView> = {}) {
  const answers: [RunTerms, boolean][] = [];
  const extended = longer(settings);
  const agreement = {
    agreed: currentTerms(settings),
    asked: currentTerms(extended),
    keeps: false,
    ...change,
  };
  const run = { settings: extended, parameters: PARAMETERS } as unknown as RunView;
  const onanswer = (terms: RunTerms, agrees: boolean) => answers.push([terms, agrees]);
  mounted.push(mount(Extension, { target: document.body, props: { run, entries: [], agreement, onanswer } }));
  flushSync();
  return { answers, asked: currentTerms(extended), extended };
}
const text = () => document.body.textContent.replaceAll(/\s+/g, ' ');
/** What was agreed to, and what is asked. */
const row = (name: string) => {
  const rows = [...document.querySelectorAll('tbody tr')];
  const found = rows.find((each) => each.querySelector('th')?.textContent === name);
  return found && [...found.querySelectorAll('td')].map(({ textContent }) => textContent);
};
const button = (name: string) =>
  [...document.querySelectorAll('button')].find(({ textContent }) => textContent.trim() === name);

describe('an extension on the participant’s page', () => {
  afterEach(async () => {
    for (const component of mounted.splice(0)) await unmount(component);
  });

  it('EXTEND-2: sets what was promised beside what is asked, with the ε that the accountant gives', () => {
    const { asked, extended } = show(noisy);
    const promised = promisedPrivacy(extended, PARAMETERS);
    if (!promised.ok || promised.value === null || asked.caps === null) return expect.unreachable();
    expect(row('Rounds of the run, in all')).toEqual(['3', '6']);
    expect(row('Rounds that this tab takes part in, at most')).toEqual(['3', '6']);
    expect(row('ε at the end, at most')).toEqual(['8', epsilonText(asked.caps.epsilon)]);
    const { epsilonAtEnd } = budgetOf([], countedMechanism(promised.value.mechanism), asked.caps);
    expect(text()).toContain(`at most ε = ${epsilonText(epsilonAtEnd)} (δ = 1e-5)`);
  });

  it('EXTEND-2: gives back the very terms that are shown, with the answer', () => {
    const { answers, asked } = show(noisy);
    button('Agree')?.click();
    button('Keep to what I agreed to')?.click();
    expect(answers).toEqual([
      [asked, true],
      [asked, false],
    ]);
  });

  it('EXTEND-2: after a no says what follows, and can still be agreed to', () => {
    const { answers } = show(noisy, { keeps: true });
    expect(text()).toContain('You keep to what you agreed to.');
    expect(button('Keep to what I agreed to')).toBeUndefined();
    button('Agree')?.click();
    expect(answers).toHaveLength(1);
  });

  it('EXTEND-2: without noise asks for time, and says ε = ∞ as before', () => {
    show(made({ mode: 'none' }));
    expect(text()).toContain('no noise is added (ε = ∞)');
    expect(row('ε at the end, at most')).toBeUndefined();
  });

  it('shows nothing where nothing is asked', () => {
    show(noisy, { asked: null });
    expect(text().trim()).toBe('');
  });
});
