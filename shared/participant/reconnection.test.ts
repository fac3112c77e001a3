import { describe, expect, it } from 'vitest';
import { retryMs } from './reconnection.ts';

const always = (byte: number) => (length: number) => new Uint8Array(length).fill(byte);

describe('a lost connection is tried again', () => {
  it('after twice as long each time, at most ten seconds', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 100].map((attempt) => retryMs(attempt, always(255)));
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
  });

  it('at a time that chance spreads over the second half of the step', () => {
    expect([0, 51, 255].map((byte) => retryMs(3, always(byte)))).toEqual([1_000, 1_200, 2_000]);
  });
});
