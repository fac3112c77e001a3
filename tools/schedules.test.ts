/** Two hundred schedules of whole rounds, on the coordinator's cryptography. */
import { describe, expect, it } from 'vitest';
import { FAULT_KINDS } from '#shared/schedules/faults.ts';
import { playSeed } from './schedules.ts';

const counts: Record<string, number> = {};

describe('two hundred schedules of drops, delays, repeats, kills, reloads and restarts', () => {
  it.each([1, 51, 101, 151])('break no rule, fifty from seed %i on', async (first) => {
    for (let seed = first; seed < first + 50; seed++) {
      const { violations, outcomes, faults } = await playSeed(seed);
      expect({ seed, violations }).toEqual({ seed, violations: [] });
      for (const [name, count] of [...Object.entries(outcomes), ...Object.entries(faults)])
        counts[name] = (counts[name] ?? 0) + count;
    }
  });

  it('had every kind of fault in them, and rounds that were done all the same', () => {
    for (const kind of FAULT_KINDS) expect(counts[kind], kind).toBeGreaterThan(5);
    expect(counts['done']).toBeGreaterThan(200);
  });
});
