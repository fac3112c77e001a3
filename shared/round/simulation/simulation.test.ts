import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { simulate, type Choice, type SimulationReport } from './simulation.ts';

const choice = fc.record({ pick: fc.nat(999), fault: fc.nat(999) });
const calm = fc.record({ pick: fc.nat(999), fault: fc.constant(999) });
const schedule = (of: fc.Arbitrary<Choice>) =>
  fc.record({
    participants: fc.integer({ min: 3, max: 6 }),
    seed: fc.nat(1_000_000).map((number) => `simulation ${number}`),
    choices: fc.array(of, { maxLength: 250, size: 'max' }),
  });

/** Schedules from a fixed seed, for what must happen in some of them. */
function reports(
  runs: number,
  simulated: (given: { participants: number; seed: string; choices: Choice[] }) => SimulationReport,
): readonly SimulationReport[] {
  return fc.sample(schedule(choice), { numRuns: runs, seed: 7 }).map(simulated);
}

describe('both machines on a simulated network', () => {
  it('MASK-4: with no mishap the first attempt opens the exact sum, in whatever order frames arrive', () => {
    fc.assert(
      fc.property(schedule(calm), (given) => {
        const report = simulate(given);
        expect(report).toMatchObject({ violations: [], attempts: 1, opened: 1 });
        expect(report.decision).toMatchObject({ kind: 'finish', outcome: 'done' });
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it('OPEN-1, ABORT-2, MASK-6, END-1: losses, repeats, deadlines and stops break no rule, and every attempt ends', () => {
    fc.assert(
      fc.property(schedule(choice), (given) => {
        expect(simulate(given).violations).toEqual([]);
      }),
      { numRuns: 300, seed: 2 },
    );
  });

  it('the schedules reach what they are for: second attempts, sums after them, and runs that cannot go on', () => {
    const all = reports(200, (given) => simulate(given));
    expect(all.filter((report) => report.attempts > 1 && report.opened === 1).length).toBeGreaterThan(10);
    expect(all.filter((report) => report.attempts === 1 && report.opened === 1).length).toBeGreaterThan(10);
    expect(all.filter((report) => report.opened === 0).length).toBeGreaterThan(5);
  });
});

describe('the checks of the simulation bite', () => {
  const found = (planted: Partial<Parameters<typeof simulate>[0]>) =>
    new Set(reports(200, (given) => simulate({ ...given, ...planted })).flatMap((report) => report.violations));

  it('MASK-4: a mask of the wrong sign is found', () => {
    expect(found({ plantedInTab: 'wrong-sign' })).toContain('MASK-4: the opened sum is not the plain sum');
  });

  it('MASK-6: an update kept for the next attempt is found', () => {
    expect(found({ plantedInTab: 'keeps-update' })).toContain('MASK-6: an update was masked under two sids');
  });

  it('TRAIN-2: a mask key kept for the next attempt is found', () => {
    expect(found({ plantedInTab: 'keeps-key' })).toContain('TRAIN-2: a mask key was made for two attempts');
  });

  it('LEAVE-1: secrets kept after an attempt are found', () => {
    expect(found({ plantedInTab: 'keeps-secrets' })).toContain('LEAVE-1: a tab holds secrets after its attempt');
  });

  it('OPEN-1: a coordinator that opens without every upload is found', () => {
    const violations = found({ plantedInCoordinator: 'opens-early' });
    expect(violations).toContain('OPEN-1: a sum was opened without every upload');
    expect(violations).toContain('MASK-4: the opened sum is not the plain sum');
  });

  it('OPEN-2, ABORT-1: a coordinator that sends before it persists is found', () => {
    const violations = found({ plantedInCoordinator: 'sends-first' });
    expect(violations).toContain('OPEN-2: sent before it was persisted');
    expect(violations).toContain('ABORT-1: sent before it was persisted');
  });
});
