import { describe, expect, it } from 'vitest';
import { NOTHING, disclosure, type GivenAway } from './knowledge.ts';

/** Three honest tabs (0, 1, 2), one accomplice (3), t = 3. */
const collusion = { accomplices: 1, threshold: 3, minSurvivors: 3 };
const uploaded = (vector: number, selfMaskShares = 0, keyShares = 0, dealt = 'r'): GivenAway => ({
  ...NOTHING,
  dealt,
  vector,
  selfMaskShares,
  keyShares,
});

describe('disclosure', () => {
  it('is none while nothing is given away, and none of the sum of all', () => {
    expect(disclosure([NOTHING, NOTHING, NOTHING], collusion)).toBeNull();
    const all = uploaded(0b1111, 0b1111);
    expect(disclosure([all, all, all], collusion)).toBeNull();
  });

  it('is none of two of three, whose third has dropped', () => {
    const two = uploaded(0b1111, 0b1011, 0b0100);
    expect(disclosure([two, two, uploaded(0b1111)], collusion)).toBeNull();
  });

  it('has both secrets of one tab with t shares of each', () => {
    expect(
      disclosure(
        [uploaded(0b1111, 0b0001, 0b0000), uploaded(0b1111, 0b0101, 0), uploaded(0b1111, 0b0100, 0)],
        collusion,
      ),
    ).toBeNull();
    const some = [uploaded(0b1111, 0b0100), uploaded(0b1111, 0b0100, 0b0100), uploaded(0b1111, 0, 0b0100)];
    expect(disclosure(some, collusion)).toBe('both secrets of tab 2 are known');
  });

  it('has a tab that was made to mask with the accomplice alone', () => {
    const others = uploaded(0b1111, 0b1111);
    expect(disclosure([uploaded(0b1001), others, others], collusion)).toBe(
      'the sum of the tabs 0 alone is known',
    );
  });

  it('has nothing of a tab whose mask the other end has not added, or has under another roster', () => {
    const others = uploaded(0b1110, 0b1111);
    expect(disclosure([uploaded(0b1111), others, others], collusion)).toBeNull();
    const elsewhere = uploaded(0b1111, 0b1111, 0, 's');
    expect(disclosure([uploaded(0b1011), elsewhere, elsewhere], collusion)).toBeNull();
  });
});
