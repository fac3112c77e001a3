/** The ε that a page names for the case that no other tab's noise helps: what that assumption is worth. */
import { describe, expect, it } from 'vitest';
import { budgetOf, countedMechanism, epsilonOfEntries, type LedgerEntry } from './ledger.ts';
import type { NoiseMode } from './mechanism-parameters.ts';
import type { Sid } from '../base/ids.ts';
import { checkedPrivacy } from './settings.ts';

const ROUNDS = 4;
const DELTA = 1e-5;

function budgetIn(mode: Exclude<NoiseMode, 'none'>) {
  const run = { clients: 20, rounds: ROUNDS, minSurvivors: 16, accomplices: 2, parameters: 500, lanes: [] };
  const checked = checkedPrivacy({ mode, clipNorm: 1, bits: 20, epsilon: 4, delta: DELTA }, run);
  if (!checked.ok || checked.value === null) return expect.unreachable('there is noise');
  const mechanism = countedMechanism(checked.value.mechanism);
  const entries = Array.from({ length: ROUNDS }, (_, i): LedgerEntry => ({
    sid: String(i).repeat(64) as Sid,
    mechanism,
  }));
  return { entries, budget: budgetOf(entries.slice(0, 1), mechanism, checked.value.caps) };
}

describe('the worst ε of a budget', () => {
  it('in the distributed mode has one share of the noise alone, whose variance is 1/h of it', () => {
    const { entries, budget } = budgetIn('distributed');
    expect(budget.worstEpsilon).toBeCloseTo(epsilonOfEntries(entries, DELTA, 'alone'), 12);
    // Composed as if σ were √14 smaller, ε is at least √14 times as large (it grows faster than 1/σ).
    expect(budget.worstEpsilon).toBeGreaterThan(Math.sqrt(14) * budget.epsilonAtEnd);
    const shares = entries.map(({ sid, mechanism }) => {
      const noiseSteps = mechanism.noiseSteps / Math.sqrt(14);
      return { sid, mechanism: { ...mechanism, noiseSteps, countedShares: 1 } };
    });
    expect(budget.worstEpsilon).toBeCloseTo(epsilonOfEntries(shares, DELTA), 9);
  });

  it('in the local mode is no worse, since nobody else was counted on', () => {
    const { budget } = budgetIn('local');
    expect(budget.worstEpsilon).toBe(budget.epsilonAtEnd);
  });

  it('in the central mode is ∞: no tab adds any', () => {
    expect(budgetIn('central').budget.worstEpsilon).toBe(Infinity);
  });
});
