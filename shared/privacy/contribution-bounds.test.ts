/** What no contribution exceeds, whatever went into it: the noise is calibrated to it. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { roundWithinNorm } from './conditional-rounding.ts';
import { applyMechanism, prepareMechanism } from './contribution.ts';
import { parametersForOffer } from './mechanism.ts';

const secret = { random: seededRandom('bounds') };

describe('the norm of a contribution', () => {
  it('is bounded over all its lanes, not over the 16,384 that are drawn at a time', () => {
    // Squares of 16,384 in the first piece and 3,616 in the second: each below the bound, and both above it.
    const words = new Uint32Array(20_000).fill(9);
    roundWithinNorm(words, new Float32Array(20_000).fill(1), { scale: 1, squaredNormBound: 17_000 }, secret);
    expect(words.every((word) => word === 0)).toBe(true);
    roundWithinNorm(words, new Float32Array(20_000).fill(1), { scale: 1, squaredNormBound: 20_000 }, secret);
    expect(words.every((word) => word === 1)).toBe(true);
  });
});

describe('an extra lane of a contribution', () => {
  it('is bounded on both sides', () => {
    const solved = parametersForOffer({
      mode: 'none',
      clients: 4,
      rounds: 1,
      participations: 1,
      epsilon: 1,
      delta: 1e-5,
      clipNorm: 1,
      parameters: 8,
      bits: 20,
      minSurvivors: 3,
      accomplices: 1,
      lanes: [50, 50, 50, 50],
    });
    if (!solved.ok) return expect.unreachable(solved.fault.reason);
    const update = new Float32Array(8);
    const laneValues = [1_000, -1_000, 50.4, -49.6];
    const context = { sid: seededRandom('sid')(32), secret };
    const words = applyMechanism(
      { update, laneValues },
      prepareMechanism(solved.value, 'participant'),
      context,
    );
    const lanes = Array.from(words.slice(-4), (word) => (word << 12) >> 12);
    expect(lanes).toEqual([50, -50, 50, -50]);
  });
});
