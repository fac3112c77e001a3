import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { applyMasks, noblePrg, type Mask, type Prg } from '../crypto/mask.ts';
import { MaskBatch } from './mask-batch.ts';

const random = seededRandom('batch');
const maskOf = (index: number): Mask => ({ seed: random(32), sign: index % 2 === 0 ? 'add' : 'subtract' });
const masksOf = (count: number): readonly Mask[] => Array.from({ length: count }, (_, i) => maskOf(i));
const copyOf = (masks: readonly Mask[]) => masks.map(({ seed, sign }) => ({ seed: seed.slice(), sign }));
const isZero = ({ seed }: Mask) => seed.every((byte) => byte === 0);

/** Puts `masks` on zeros; how many pauses there were, and the seeds that were left at each. */
async function put(masks: readonly Mask[], length: number, prg: Prg = noblePrg) {
  const words = new Uint32Array(length);
  const leftAtPauses: number[] = [];
  const batch = new MaskBatch(words, prg, async () => {
    leftAtPauses.push(masks.filter((mask) => !isZero(mask)).length);
  });
  for (const mask of masks) await batch.add(mask);
  batch.finish();
  return { words, leftAtPauses };
}

describe('a batch of masks', () => {
  it.each([0, 1, 255, 256, 257, 600])('MASK-3: puts all of %i masks on, each once', async (count) => {
    const masks = masksOf(count);
    const expected = new Uint32Array(40);
    applyMasks(expected, copyOf(masks));
    expect((await put(masks, 40)).words).toEqual(expected);
  });

  it('pauses every eight million words, whatever the length of a vector', async () => {
    const nothing: Prg = { accumulate: () => {} };
    expect((await put(masksOf(20), 1_048_576, nothing)).leftAtPauses).toEqual([12, 4]);
    expect((await put(masksOf(3), 8_388_609, nothing)).leftAtPauses).toEqual([2, 1, 0]);
    expect((await put(masksOf(600), 10, nothing)).leftAtPauses).toEqual([344, 88]);
  });

  it('LEAVE-1: leaves no seed, whether its stream went on, failed, or was given up', async () => {
    const masks = masksOf(9);
    await put(masks, 5);
    expect(masks.every(isZero)).toBe(true);
    const broken: Prg = {
      accumulate: () => {
        throw new Error('no memory');
      },
    };
    const failed = masksOf(2);
    await expect(put(failed, 5, broken)).rejects.toThrow('no memory');
    expect(failed.every(isZero)).toBe(true);
    const given = masksOf(2);
    const words = new Uint32Array(5);
    const batch = new MaskBatch(words, noblePrg, async () => {});
    for (const mask of given) await batch.add(mask);
    batch.erase();
    batch.finish();
    expect(given.every(isZero)).toBe(true);
    expect(words).toEqual(new Uint32Array(5));
  });
});
