import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { simulate, type Choice, type SimulationSettings } from './simulation.ts';

const choice = fc.record({ pick: fc.nat(999), fault: fc.nat(999) });
const calm = fc.record({ pick: fc.nat(999), fault: fc.constant(999) });
const schedule = (of: fc.Arbitrary<Choice>) =>
  fc.record({
    participants: fc.integer({ min: 3, max: 6 }),
    seed: fc.nat(1_000_000).map((number) => `simulation ${number}`),
    choices: fc.array(of, { maxLength: 250, size: 'max' }),
  });

/** Schedules from a fixed seed, for what must happen in some of them. */
const SCHEDULES = fc.sample(schedule(choice), { numRuns: 80, seed: 7 });

const TIMEOUT_MS = 60_000;

describe('both machines on a simulated network', () => {
  it(
    'MASK-4: with no mishap the first attempt opens the exact sum, in whatever order frames arrive',
    () => {
      fc.assert(
        fc.property(schedule(calm), (given) => {
          const report = simulate(given);
          expect(report).toMatchObject({ violations: [], attempts: 1, opened: 1 });
          expect(report.decision).toMatchObject({ kind: 'finish', outcome: 'done' });
        }),
        { numRuns: 25, seed: 1, endOnFailure: true },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'OPEN-1, ABORT-2, MASK-6, END-1: losses, repeats, deadlines and stops break no rule, and every attempt ends',
    () => {
      fc.assert(
        fc.property(schedule(choice), (given) => {
          expect(simulate(given).violations).toEqual([]);
        }),
        { numRuns: 120, seed: 2, endOnFailure: true },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'the schedules reach what they are for: second attempts, sums after them, and runs that cannot go on',
    () => {
      const all = SCHEDULES.map((given) => simulate(given));
      expect(all.flatMap((report) => report.violations)).toEqual([]);
      expect(all.filter((report) => report.attempts > 1 && report.opened === 1).length).toBeGreaterThan(10);
      expect(all.filter((report) => report.attempts === 1 && report.opened === 1).length).toBeGreaterThan(10);
      expect(all.filter((report) => report.opened === 0).length).toBeGreaterThan(5);
    },
    TIMEOUT_MS,
  );
});

describe('the checks of the simulation bite', { timeout: TIMEOUT_MS }, () => {
  type Planted = Pick<SimulationSettings, 'plantedInTab' | 'plantedInCoordinator'>;
  const finds = (planted: Planted, violation: string) =>
    SCHEDULES.some((given) => simulate({ ...given, ...planted }).violations.includes(violation));

  it.each<[Planted, string]>([
    [{ plantedInTab: 'wrong-sign' }, 'MASK-4: the opened sum is not the plain sum'],
    [{ plantedInTab: 'keeps-update' }, 'MASK-6: an update was masked under two sids'],
    [{ plantedInTab: 'keeps-key' }, 'TRAIN-2: a mask key was made for two attempts'],
    [{ plantedInTab: 'keeps-secrets' }, 'LEAVE-1: a tab holds secrets after its attempt'],
    [{ plantedInCoordinator: 'opens-early' }, 'OPEN-1: a sum was opened without every upload'],
    [{ plantedInCoordinator: 'opens-early' }, 'MASK-4: the opened sum is not the plain sum'],
    [{ plantedInCoordinator: 'sends-first' }, 'OPEN-2: sent before it was persisted'],
    [{ plantedInCoordinator: 'sends-first' }, 'ABORT-1: sent before it was persisted'],
  ])('%j is found: %s', (planted, violation) => {
    expect(finds(planted, violation)).toBe(true);
  });
});
