/** The planner: what it says of a plan, of one that cannot learn, and of settings that cannot be. */
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, describe, expect, it } from 'vitest';
import { planRun } from '#shared/privacy/plan.ts';
import { adviceFor, outlookOf, OUTLOOK_WORDS } from '#shared/privacy/plan-advice.ts';
import type { PlanSettings } from '#shared/privacy/plan-settings.ts';
import { epsilonText } from '#shared/privacy/statement.ts';
import type { PlannedRun } from '../state/plan-transfer.ts';
import { adviceInWords, roundedUpInWords, type PlanStart } from '../state/privacy-plan.svelte.ts';
import PrivacyPlanner from './PrivacyPlanner.svelte';

const mounted: Record<string, unknown>[] = [];

function show(start: PlanStart = {}, onuse?: (plan: PlannedRun) => void): void {
  const props = onuse === undefined ? { start } : { start, onuse };
  mounted.push(mount(PrivacyPlanner, { target: document.body, props }));
  flushSync();
}

function field(name: string): HTMLInputElement {
  const input = document.querySelector<HTMLInputElement>(`input[name="${name}"]`);
  if (input === null) throw new Error(`no field ${name}`);
  return input;
}

function write(name: string, text: string): void {
  field(name).value = text;
  field(name).dispatchEvent(new Event('input', { bubbles: true }));
  flushSync();
}

function choose(mode: string): void {
  const select = document.querySelector<HTMLSelectElement>('select[name="mode"]');
  if (select === null) throw new Error('no choice of mode');
  select.value = mode;
  select.dispatchEvent(new Event('change', { bubbles: true }));
  flushSync();
}

const button = (name: string) =>
  [...document.querySelectorAll('button')].find(({ textContent }) => textContent.trim() === name);
function tick(name: string): void {
  field(name).click();
  flushSync();
}

const text = () => document.body.textContent.replaceAll(/\s+/g, ' ');
const items = () => [...document.querySelectorAll('li')].map(({ textContent }) => textContent);
const tile = (label: string) =>
  [...document.querySelectorAll('.tile')]
    .find((found) => found.querySelector('.label')?.textContent === label)
    ?.querySelector('.value')?.textContent;
/** Rows of the table that a chart is for those who do not see it. */
const rows = (title: string) =>
  [...document.querySelectorAll('table')]
    .filter((table) => table.querySelector('caption')?.textContent === title)
    .flatMap((table) => [...table.querySelectorAll('tbody tr')])
    .map((row) => [...row.querySelectorAll('td')].map(({ textContent }) => textContent));
const charts = () => document.querySelectorAll('canvas').length;

/** What the fields say when the page opens. */
const settings: PlanSettings = {
  mode: 'distributed',
  clients: 40,
  minSurvivors: 30,
  accomplices: 2,
  rounds: 50,
  participations: 50,
  epsilon: 8,
  delta: 1e-5,
  clipNorm: 1,
  parameters: 7_850,
  bits: 20,
  lanes: [],
};
function planned(change: Partial<PlanSettings> = {}) {
  const result = planRun({ ...settings, ...change });
  if (!result.ok) throw new Error(result.fault.reason);
  return result.value;
}

describe('the planner', () => {
  afterEach(async () => {
    for (const component of mounted.splice(0)) await unmount(component);
  });

  it('shows the plan that the accountant makes: z, s, ε, the price, the upload', () => {
    show();
    const plan = planned();
    expect(tile('Noise multiplier z')).toBe(roundedUpInWords(plan.noiseMultiplier));
    expect(tile('Scale s')).toBe(roundedUpInWords(plan.scale));
    expect(tile('ε at the end, at most')).toBe(epsilonText(plan.epsilon));
    expect(tile('If no other tab’s noise helps')).toBe(epsilonText(plan.epsilonAlone));
    expect(tile('Price')).toBe('1.43\u00a0×');
    expect(tile('Upload')).toBe('20.5 kB');
    expect(text()).toContain('28 shares are counted on');
  });

  it('gives its settings to the form at a click, and only where they can be', () => {
    const used: PlannedRun[] = [];
    show({ clients: 60, minSurvivors: 50 }, (plan) => used.push(plan));
    write('epsilon', '6');
    button('Use this plan')?.click();
    flushSync();
    expect(used).toEqual([
      {
        mode: 'distributed',
        adaptiveClip: false,
        clients: 60,
        minSurvivors: 50,
        accomplices: 2,
        rounds: 50,
        participations: null,
        epsilon: 6,
        delta: 1e-5,
        clipNorm: 1,
        bits: 20,
      },
    ]);
    expect(text()).toContain('Copied into the form');
    write('epsilon', '0');
    expect(button('Use this plan')).toBeUndefined();
  });

  it('an adaptive clip is refused with few tabs, in words, and planned with many', () => {
    show({ clients: 400, minSurvivors: 300 });
    tick('adaptiveClip');
    const many = planned({ clients: 400, minSurvivors: 300, adaptiveClip: true });
    expect(tile('Noise multiplier z')).toBe(roundedUpInWords(many.noiseMultiplier));
    expect(many.noiseMultiplier).not.toBe(planned({ clients: 400, minSurvivors: 300 }).noiseMultiplier);
    write('clients', '40');
    write('minSurvivors', '30');
    const few = planRun({ ...settings, adaptiveClip: true });
    if (few.ok) return expect.unreachable('forty tabs are too few');
    expect(document.querySelector('[role="alert"]')?.textContent).toContain('adaptive clip');
    button('Keep the clip as it is')?.click();
    flushSync();
    expect(document.querySelector('[role="alert"]')).toBeNull();
  });

  it('says that few tabs learn worse under noise, and what would help', () => {
    show();
    const plan = planned();
    expect(text()).toContain(
      `${OUTLOOK_WORDS[outlookOf(plan)].short} The noise in a round’s mean is ${roundedUpInWords(plan.noiseToClip)}`,
    );
    const advice = adviceFor(settings, plan).map(adviceInWords);
    expect(advice.length).toBeGreaterThan(1);
    expect(items()).toEqual(advice);
  });

  it('says that it can learn once the advice is followed', () => {
    show();
    const clients = adviceFor(settings, planned()).find(({ setting }) => setting === 'clients')?.value ?? 0;
    write('clients', String(clients));
    write('minSurvivors', String(Math.ceil((30 * clients) / 40)));
    expect(text()).toContain('This can learn.');
    expect(items()).toEqual([]);
  });

  it('says when no single setting helps', () => {
    show({ epsilon: 2, clients: 10, minSurvivors: 8, rounds: 1_000 });
    expect(text()).toContain('No single setting would bring it down');
  });

  it('draws ε over rounds up to the plan’s, and the noise over tabs', () => {
    show();
    const epsilons = rows('ε over the rounds of a tab');
    expect(epsilons[0]?.[0]).toBe('1');
    expect(epsilons.at(-1)).toEqual(['50', 'ε ≤ 8']);
    const plan = planned();
    expect(rows('Noise against signal')).toContainEqual([
      '40',
      `${roundedUpInWords(plan.noiseToClip)}\u00a0×`,
    ]);
    expect(charts()).toBe(2);
    write('rounds', '7');
    expect(rows('ε over the rounds of a tab').map(([round]) => round)).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
    ]);
  });

  it('without noise says ∞ and draws nothing', () => {
    show();
    choose('none');
    expect(text()).toContain('ε = ∞. No noise is added');
    expect(tile('ε at the end, at most')).toBe('∞');
    expect(charts()).toBe(0);
  });

  it('in mode central says that to the coordinator it is ∞; in mode local that nobody else matters', () => {
    show();
    choose('central');
    expect(tile('To the coordinator')).toBe('∞');
    choose('local');
    expect(tile('If no other tab’s noise helps')).toBe(tile('ε at the end, at most'));
    expect(tile('Price')).toBe('40\u00a0×');
  });

  it('someone in two tabs has more than twice the ε', () => {
    show();
    const two = Number(/for two tabs of one person (\S+)/.exec(text())?.[1]?.replace(/[^\d.].*$/, ''));
    expect(two).toBeGreaterThan(16);
  });

  const refused: [string, string, string][] = [
    ['clipNorm', '0', 'Clip norm 0 is not in'],
    ['clipNorm', '-1', 'Clip norm -1 is not in'],
    ['delta', '0.5', 'δ 0.5 is not above 0 and below 1/clients'],
    ['epsilon', '0', 'ε at the end 0 is not a number above 0'],
    ['minSurvivors', '41', 'Fewest tabs in a sum 41 is not a whole number in 2..40'],
    ['accomplices', '30', 'Tabs that may tell their noise 30 is not a whole number in 1..29'],
    ['clients', '2.5', 'Tabs in a round, at most 2.5 is not a whole number'],
    ['rounds', '1e9', 'Rounds 1000000000 is not a whole number'],
    ['parameters', '-4', 'Parameters of the model -4 is not a whole number'],
    ['participations', '51', 'Rounds of one tab, at most 51 is not a whole number in 1..50'],
    ['bits', '8', 'Bits of a number 8 are too few'],
    ['clients', '', 'Write a number here.'],
  ];
  it.each(refused)(
    'refuses %s = %s at its field, with a nearest value that works at a click',
    (name, value, words) => {
      show(name === 'clients' ? { minSurvivors: 3 } : {});
      write(name, value);
      expect(field(name).getAttribute('aria-invalid')).toBe('true');
      const problem = document.querySelector(
        `#${CSS.escape(field(name).getAttribute('aria-describedby') ?? '')}`,
      );
      expect(problem?.textContent).toContain(words);
      expect(field(name).closest('details')?.open ?? true).toBe(true);
      expect(document.querySelector('[role="alert"]')?.textContent).toContain(words);
      expect([charts(), document.querySelectorAll('.tile').length]).toEqual([0, 0]);
      document.querySelector<HTMLButtonElement>('[role="alert"] button')?.click();
      flushSync();
      expect(document.querySelector('[role="alert"]')).toBeNull();
      expect(tile('Noise multiplier z')).toBeDefined();
    },
  );
});
