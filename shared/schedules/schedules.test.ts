/**
 * Schedules on the reference cryptography: those that found something once, and bugs planted to see them found. Two
 * hundred seeds on the coordinator's cryptography are in tools/schedules.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { noblePrg, type Mask } from '../crypto/mask.ts';
import { nobleSuite } from '../crypto/suite.ts';
import type { ToCoordinator } from '../protocol/messages/directions.ts';
import { chunkHash } from '../protocol/upload-chunks.ts';
import { lateUpload, oneShareTooFew, toldFirst } from '../round/planted-machines.ts';
import type { Plant } from './plant.ts';
import type { Setting } from './setting.ts';
import { playSchedule, type ScheduleOptions } from './schedule.ts';

/** Nothing goes wrong but what a test plants. */
const QUIET = {
  tabs: 4,
  minCohort: 3,
  rounds: 2,
  faults: 0,
  layer: [2, 2],
  linkPercent: 100,
  focus: null,
  slowCryptography: false,
} as const;
/** Faults close to each other, and signatures and agreements that take their turn. */
const SLOW = { turnsBetweenFaults: 6, slowCryptography: true } as const;

const played = async (seed: number, options: ScheduleOptions = {}) => {
  const { violations, outcomes } = await playSchedule(seed, options);
  return { violations: violations.map((sentence) => sentence.replace(/^[0-9a-f]{8}: /, '')), outcomes };
};

describe('schedules of rounds', () => {
  it('the same seed is the same schedule', async () => {
    const setting = { ...QUIET, tabs: 3, rounds: 1, faults: 4 };
    const [first, second] = [await playSchedule(3, { setting }), await playSchedule(3, { setting })];
    expect(second).toEqual(first);
    expect((await playSchedule(4, { setting })).trace).not.toEqual(first.trace);
  });

  it('MASK-4: where nothing goes wrong, every round opens the sum at once', async () => {
    expect(await played(1, { setting: QUIET })).toEqual({ violations: [], outcomes: { done: 2 } });
  });

  it('UPLOAD-1: an update of two chunks is opened like a small one', async () => {
    const setting = { ...QUIET, tabs: 3, rounds: 1, layer: [600, 200] } as const;
    expect(await played(2, { setting })).toEqual({ violations: [], outcomes: { done: 1 } });
  });
});

describe('schedules that found a bug', () => {
  it('OFFER-3: an offer that comes while the last outcome is being verified is looked at afterwards', async () => {
    // In each of these, some tab let the second round's offer pass, and the round waited for its answer in vain.
    const setting = { ...QUIET, tabs: 3, slowCryptography: true };
    for (const seed of [1, 51])
      expect(await played(seed, { setting })).toEqual({ violations: [], outcomes: { done: 2 } });
  });

  it('UPLOAD-3: chunks on their way from a turn that was lost are no fault in the next one', async () => {
    // Two of five had their turns, and time ran past both before their second chunks arrived.
    expect(await played(10570)).toEqual({ violations: [], outcomes: { done: 2 } });
  });

  it('LEAVE-1: secrets that are agreed after their attempt has ended are erased', async () => {
    // In each of these, time ran past the deadline of sharing while a tab agreed on secrets.
    const setting = { ...QUIET, rounds: 1, faults: 4, linkPercent: 0, focus: 'sharing', ...SLOW } as const;
    for (const seed of [2, 3])
      expect((await played(seed, { setting, kinds: ['jump'] })).violations).toEqual([]);
  });
});

describe('schedules in which a tab rightly leaves', () => {
  it('OFFER-2: a model that was to be opened four times in vain is declined, and the run goes on without that tab', async () => {
    // The coordinator is killed while it opens, until a tab has revealed its shares for four attempts.
    expect(await played(15258)).toEqual({
      violations: [],
      outcomes: { 'coordinator-restarted': 3, 'too-few-shares': 1, done: 1 },
    });
  });
});

/** Its hash is right: of zeros. */
const loseFirstChunk = (message: ToCoordinator): ToCoordinator => {
  if (message.kind !== 'masked' || message.index > 0) return message;
  const bytes = new Uint8Array(message.bytes.length);
  return { ...message, bytes, hash: chunkHash(bytes, nobleSuite.sha256) };
};

describe('planted bugs', () => {
  const find = (plant: Plant, setting: Partial<Setting> = {}) =>
    played(1, { setting: { ...QUIET, ...setting }, plant });

  it('MASK-3: a mask of the wrong sign leaves a sum that nothing is made of', async () => {
    const prg = {
      accumulate: (words: Uint32Array, masks: readonly Mask[]) =>
        noblePrg.accumulate(
          words,
          masks.map(({ seed }) => ({ seed, sign: 'add' })),
        ),
    };
    const { violations } = await find({ suite: { ...nobleSuite, prg }, coordinatorToo: false });
    expect(violations.join()).toContain(
      'opened nothing: The sum of the uploads is not what the offer allows',
    );
  });

  it('OPEN-1: one share too few opens nothing, and is not called opened', async () => {
    const { violations, outcomes } = await find(
      { machine: oneShareTooFew },
      { linkPercent: 0, faults: 6, turnsBetweenFaults: 5, focus: 'unmasking' },
    );
    expect(violations.join()).toContain('shares of tabs that keep the protocol opened nothing');
    expect(outcomes).not.toHaveProperty('done');
  });

  it('UPLOAD-2: a chunk that is lost on the way into the sum', async () => {
    const { violations } = await find({ taken: loseFirstChunk }, { tabs: 3, layer: [600, 200] });
    expect(violations).toContain('the opened sum is not the sum of what its survivors trained');
  });

  it('MASK-2: one mask on two updates', async () => {
    const prg = {
      accumulate: (words: Uint32Array, masks: readonly Mask[]) =>
        noblePrg.accumulate(
          words,
          masks.map(({ sign }) => ({ seed: new Uint8Array(32), sign })),
        ),
    };
    // Of three, none has as many masks added as subtracted.
    const { violations } = await find({ suite: { ...nobleSuite, prg } }, { tabs: 3 });
    expect(violations).toContain('one mask hid two updates');
  });

  it('REVEAL-3: a tab that reveals a second time', async () => {
    const besides = (message: ToCoordinator): ToCoordinator | null =>
      message.kind === 'reveal' ? { ...message, shares: message.shares.slice(1) } : null;
    expect((await find({ besides })).violations).toContain('a tab revealed twice');
  });

  it('UPLOAD-4: a second U3', async () => {
    const setting = {
      ...QUIET,
      rounds: 1,
      linkPercent: 0,
      faults: 6,
      turnsBetweenFaults: 5,
      focus: 'masking',
    } as const;
    const found: string[] = [];
    // An upload comes late in a few of these.
    for (let seed = 1; seed <= 40 && found.length === 0; seed++) {
      const plant = { machine: lateUpload };
      found.push(...(await played(seed, { setting, kinds: ['jump'], plant })).violations);
    }
    expect(found).toContain('the coordinator signed two values of U3');
  });

  it('ABORT-1: an outcome that is sent before it is stored', async () => {
    const { violations } = await find({ machine: toldFirst });
    expect(violations.join()).toMatch(/before (it|that) (was|is) stored/);
  });
});
