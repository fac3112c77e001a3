import { decode, encode } from 'cborg';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { localTraining, type LocalTraining } from './task.ts';
import { trainingInRound } from './training.ts';

const plain: LocalTraining = { epochs: 1, batchSize: 32, learningRate: 0.4, optimizer: { kind: 'sgd' } };

describe('the settings of local training', () => {
  it('without anything new are what they were, to the byte', () => {
    const parsed = v.parse(localTraining, structuredClone(plain));
    expect(Object.keys(parsed)).toEqual(['epochs', 'batchSize', 'learningRate', 'optimizer']);
    expect(encode(parsed)).toEqual(encode(plain));
  });

  it.each<Partial<LocalTraining>>([
    { optimizer: { kind: 'momentum', momentum: 0.9 } },
    { optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } },
    { schedule: { kind: 'step', everyRounds: 10, factor: 0.5 } },
    { schedule: { kind: 'cosine', rounds: 100, finalFraction: 0 } },
    { fedProx: { mu: 0.01 }, clipNorm: 5, updateNormMax: 30 },
  ])('%j goes over the wire', (change) => {
    const settings = { ...plain, ...change };
    expect(v.parse(localTraining, decode(encode(settings)))).toEqual(settings);
  });

  it.each<[unknown, RegExp]>([
    [{ optimizer: { kind: 'lion' } }, /optimizer\.kind/],
    [{ optimizer: { kind: 'momentum' } }, /optimizer\.momentum/],
    [{ optimizer: { kind: 'momentum', momentum: 1 } }, /momentum less than 1/],
    [{ optimizer: { kind: 'adam', beta1: 0.9, beta2: -0.1, epsilon: 1e-8 } }, /beta2 at least 0/],
    [{ optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.9, epsilon: 0 } }, /epsilon more than 0/],
    [{ schedule: { kind: 'step', everyRounds: 0, factor: 0.5 } }, /everyRounds at least 1/],
    [{ schedule: { kind: 'step', everyRounds: 5, factor: 1.5 } }, /factor at most 1/],
    [{ schedule: { kind: 'cosine', rounds: 1.5, finalFraction: 0 } }, /rounds an integer/],
    [{ fedProx: { mu: 0 } }, /mu more than 0/],
    [{ clipNorm: Number.POSITIVE_INFINITY }, /clipNorm/],
    [{ clipNorm: undefined }, /clipNorm/],
    [{ updateNormMax: 0 }, /updateNormMax more than 0/],
  ])('%j is refused', (change, sentence) => {
    const parsed = v.safeParse(localTraining, Object.assign({ ...plain }, change));
    expect(parsed.success ? '' : `${v.getDotPath(parsed.issues[0])} ${parsed.issues[0].message}`).toMatch(
      sentence,
    );
  });
});

describe('the learning rate of a round', () => {
  const rateOf = (schedule: NonNullable<LocalTraining['schedule']>, round: number) =>
    trainingInRound({ ...plain, schedule }, round).learningRate;

  it('is the one that is set without a schedule, and all else stays', () => {
    expect(trainingInRound(plain, 7)).toEqual(plain);
    expect(trainingInRound({ ...plain, clipNorm: 2, schedule: { kind: 'constant' } }, 7)).toEqual({
      ...plain,
      clipNorm: 2,
    });
  });

  it('falls in steps: halved after rounds 3 and 6', () => {
    const schedule = { kind: 'step', everyRounds: 3, factor: 0.5 } as const;
    const rates = [1, 2, 3, 4, 5, 6, 7].map((round) => rateOf(schedule, round));
    expect(rates).toEqual([0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1]);
  });

  it('falls along a cosine: whole, at half way the middle, at the end its fraction, and no further', () => {
    const schedule = { kind: 'cosine', rounds: 5, finalFraction: 0.25 } as const;
    expect(rateOf(schedule, 1)).toBe(0.4);
    expect(rateOf(schedule, 2)).toBeCloseTo(0.4 * (0.25 + 0.375 * (1 + Math.SQRT1_2)), 12);
    expect(rateOf(schedule, 3)).toBeCloseTo(0.4 * 0.625, 12);
    expect(rateOf(schedule, 5)).toBeCloseTo(0.1, 12);
    expect(rateOf(schedule, 50)).toBeCloseTo(0.1, 12);
    expect(rateOf({ ...schedule, rounds: 1 }, 1)).toBeCloseTo(0.1, 12);
  });

  it.each([0, -1, 1.5, Number.NaN])('there is no round %f', (round) => {
    expect(() => trainingInRound(plain, round)).toThrow(RangeError);
  });
});
