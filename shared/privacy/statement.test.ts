import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StatementFacts } from './statement.ts';
import { epsilonText, statement, statementText } from './statement.ts';

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
const text = (change: Partial<StatementFacts> = {}): string =>
  statementText(statement({ ...facts, ...change }));

const NO_EPSILON = { spentEpsilon: Infinity, epsilonAtEnd: Infinity, worstEpsilon: Infinity };
const NOT_HIDDEN =
  'Not hidden: that you took part, when, and how long it took. If you take part in two tabs or browsers, each counts as one participant, and together they tell more about you.';

describe('what a participant reads', () => {
  it('where the clip adapts, that the count it follows is part of ε', () => {
    for (const mode of ['distributed', 'central', 'local'] as const)
      expect(text({ mode, adaptsClip: true })).toContain(
        'The length that updates are cut to follows a noised count of those that were not longer; that count is part of ε.',
      );
    expect(text({ adaptsClip: false })).toBe(text());
    expect(text()).not.toContain('noised count');
  });

  it('in mode distributed', () => {
    expect(text()).toBe(
      'So far ε = 2.3 (δ = 1e-5), 5 of your 20 rounds; at most 5.1 at the end. ' +
        'A test on the published models that wrongly says ‘used’ 1 time in 100 rightly says it at most 9.5 times in 100. ' +
        'The coordinator is included in this. ' +
        'It assumes that at least 18 of the other tabs in each round add their noise and keep it secret; ' +
        'if none did, there would be no useful limit (ε up to 10.7 at the end). ' +
        NOT_HIDDEN,
    );
  });

  it('in mode central: the coordinator is trusted, and no tab', () => {
    expect(text({ mode: 'central' })).toBe(
      'So far ε = 2.3 (δ = 1e-5), 5 of your 20 rounds; at most 5.1 at the end. ' +
        'A test on the published models that wrongly says ‘used’ 1 time in 100 rightly says it at most 9.5 times in 100. ' +
        'The coordinator is not included in this: it sees the exact sum of each round, and is trusted to add the noise before anything is published. ' +
        NOT_HIDDEN,
    );
  });

  it('in mode local: nobody is trusted but the page', () => {
    expect(text({ mode: 'local' })).toBe(
      'So far ε = 2.3 (δ = 1e-5), 5 of your 20 rounds; at most 5.1 at the end. ' +
        'A test on the published models that wrongly says ‘used’ 1 time in 100 rightly says it at most 9.5 times in 100. ' +
        'Trusts only the code this page runs; much noisier. ' +
        NOT_HIDDEN,
    );
  });

  it('in mode none: ε = ∞ and no useful limit, and no coordinator is promised away', () => {
    expect(text({ mode: 'none', ...NO_EPSILON })).toBe(
      'ε = ∞: no noise is added. So far 5 of your 20 rounds. ' +
        'There is no useful limit to how often a test on the published models that wrongly says ‘used’ 1 time in 100 rightly says it. ' +
        'Masks hide each single update, from the coordinator too; what the sums and the published models tell about anyone is not limited. ' +
        NOT_HIDDEN,
    );
  });

  it('in mode none whatever numbers come with it', () => {
    expect(text({ mode: 'none' })).toBe(text({ mode: 'none', ...NO_EPSILON }));
    expect(text({ mode: 'none', roundsSpent: 0 })).toMatch(/^ε = ∞: .* no useful limit/);
  });

  it('before it has joined: what the end will be', () => {
    const before = statement({ ...facts, roundsSpent: 0, spentEpsilon: 0, epsilonAtEnd: 1.6 });
    expect(before.budget).toBe(
      'Nothing is spent yet; at most ε = 1.6 (δ = 1e-5) at the end of your 20 rounds.',
    );
    // e^1.6 = 4.953…, and a thousandth of one in a hundred for δ.
    expect(before.meaning).toBe(
      'At the end, a test on the published models that wrongly says ‘used’ 1 time in 100 rightly says it at most 5 times in 100.',
    );
  });

  it('of one round only', () => {
    expect(text({ roundsSpent: 1, roundsMax: 1 })).toContain('1 of your 1 round;');
  });
});

describe('what an observer reads', () => {
  it('is about any participant, with the same numbers', () => {
    const seen = statement({ ...facts, reader: 'observer' });
    expect(seen.budget).toBe(
      'So far ε = 2.3 (δ = 1e-5), 5 of a participant’s 20 rounds; at most 5.1 at the end.',
    );
    expect(seen.notHidden).toMatch(/^Not hidden: who took part, when, and how long it took\./);
    for (const mode of ['distributed', 'central', 'local', 'none'] as const)
      expect(text({ mode, reader: 'observer', countedShares: 1 })).not.toMatch(/\byou\b|\byour\b/);
  });
});

describe('the assumption', () => {
  const assumption = (change: Partial<StatementFacts>) => statement({ ...facts, ...change }).assumption;

  it('names ε where it still limits something', () => {
    expect(assumption({ worstEpsilon: 4.2 })).toMatch(/if none did, ε would be up to 4\.2 at the end\.$/);
    expect(assumption({ worstEpsilon: Math.log(99.9) })).toContain('ε would be up to 4.7');
    expect(assumption({ worstEpsilon: Math.log(100.1) })).toContain('no useful limit (ε up to 4.7');
    expect(assumption({ worstEpsilon: Infinity })).toMatch(/no useful limit \(ε up to ∞ at the end\)\.$/);
  });

  it('is of h − 1 tabs: one, or none at all', () => {
    expect(assumption({ countedShares: 2 })).toContain(
      'at least 1 of the other tabs in each round adds its noise and keeps it secret',
    );
    expect(assumption({ countedShares: 1 })).toBe(
      'It assumes nothing of the other tabs: your own noise is enough for it.',
    );
  });
});

describe('numbers in the words', () => {
  const meaning = (epsilon: number, delta = 1e-5) =>
    statement({ ...facts, spentEpsilon: epsilon, delta }).meaning;

  it('no useful limit is said from e^ε = 100 on, and not below', () => {
    expect(meaning(Math.log(100))).toContain('no useful limit');
    expect(meaning(Math.log(98.9))).toContain('at most 99 times in 100');
    // A hundred times in a hundred is no limit either.
    expect(meaning(Math.log(99.5))).toContain('no useful limit');
    expect(meaning(Infinity)).toContain('no useful limit');
    expect(meaning(NaN)).toContain('no useful limit');
  });

  it('δ is added to the times, once in a hundred for each hundredth', () => {
    expect(meaning(0, 0.02)).toContain('at most 3 times in 100');
    expect(meaning(Math.log(40), 0.015)).toContain('at most 42 times in 100');
  });

  it('ε is rounded up to one decimal, and stays where it has only one', () => {
    expect([0, 0.001, 0.3, 2.3, 2.3000001, 7.99999, 8, 10.61, 1e300].map(epsilonText)).toEqual([
      '0',
      '0.1',
      '0.3',
      '2.3',
      '2.4',
      '8',
      '8',
      '10.7',
      '1e+300',
    ]);
    expect([Infinity, NaN].map(epsilonText)).toEqual(['∞', '∞']);
  });

  it('what is shown is never below what is true, nor a tenth above', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (epsilon) => {
        const shown = Number(epsilonText(epsilon));
        expect(shown).toBeGreaterThanOrEqual(epsilon);
        expect(shown - epsilon).toBeLessThan(0.1 + 1e-9);
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: 0, max: 4.59, noNaN: true }), (epsilon) => {
        const times = Number(/at most (\S+) times/.exec(meaning(epsilon))?.[1]);
        expect(times).toBeGreaterThanOrEqual(Math.exp(epsilon) + 1e-3);
        expect(times).toBeLessThan(Math.exp(epsilon) + 1e-3 + (times < 10 ? 0.1 + 1e-9 : 1));
      }),
    );
  });

  it('δ is never called a chance that ε is exceeded', () => {
    for (const mode of ['distributed', 'central', 'local', 'none'] as const)
      expect(text({ mode })).not.toMatch(/chance|probab|likely|risk/i);
  });

  it('δ is written as people write it', () => {
    expect([1e-5, 2.5e-6, 0.001, 0.01].map((delta) => /δ = ([^)]+)/.exec(text({ delta }))?.[1])).toEqual([
      '1e-5',
      '2.5e-6',
      '0.001',
      '0.01',
    ]);
  });
});
