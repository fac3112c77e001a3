import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitsRing, laneBits, quantizeUpdate, weightedMean, type QuantizationTerms } from './quantize.ts';
import { addVector } from './ring.ts';

const d = 5;
/** Any that fit the ring: W ≤ 32, weightMax < 2^b. */
const terms = fc.integer({ min: 8, max: 22 }).chain((bits) =>
  fc.record({
    range: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
    bits: fc.constant(bits),
    invited: fc.integer({ min: 3, max: 1000 }),
    weightMax: fc.integer({ min: 1, max: 2 ** bits - 1 }),
  }),
);

interface Update {
  readonly delta: Float32Array;
  readonly weight: number;
}
const scenario = terms.chain((given) =>
  fc.record({
    terms: fc.constant(given),
    updates: fc.array(
      fc.record({
        delta: fc
          .array(fc.float({ min: Math.fround(-given.range), max: Math.fround(given.range), noNaN: true }), {
            minLength: d,
            maxLength: d,
          })
          .map((values) => Float32Array.from(values)),
        weight: fc.integer({ min: 1, max: given.weightMax }),
      }),
      { minLength: 1, maxLength: Math.min(given.invited, 8) },
    ),
  }),
);

function words(update: Update, given: QuantizationTerms): Uint32Array {
  const quantized = quantizeUpdate(update.delta, update.weight, given);
  if (!quantized.ok) throw new Error(quantized.fault.code);
  return quantized.value;
}
function sumOf(updates: readonly Update[], given: QuantizationTerms): Uint32Array {
  const sum = new Uint32Array(d + 1);
  for (const update of updates) addVector(sum, words(update, given));
  return sum;
}
/** The low W bits of a word in two's complement. */
const lane = (word: number, given: QuantizationTerms) =>
  (word << (32 - laneBits(given))) >> (32 - laneBits(given));
const largest = ({ bits }: Pick<QuantizationTerms, 'bits'>) => 2 ** (bits - 1) - 1;
const scaleOf = (given: QuantizationTerms) => largest(given) / given.range;

describe('quantizeUpdate and weightedMean', () => {
  it('NUMBER-1: the mean is the weighted mean within half a step a participant', () => {
    fc.assert(
      fc.property(scenario, ({ terms: given, updates }) => {
        const mean = weightedMean(sumOf(updates, given), updates.length, given);
        if (!mean.ok) throw new Error(mean.fault.code);
        const weight = updates.reduce((total, update) => total + update.weight, 0);
        expect(mean.value.weight).toBe(weight);
        // The float32 nearest to the range may lie beyond it.
        const clamped = (x: number) => Math.max(-given.range, Math.min(given.range, x));
        const bound = (updates.length * 0.5 * given.weightMax) / weight / scaleOf(given);
        for (let i = 0; i < d; i++) {
          const exact =
            updates.reduce((total, update) => total + clamped(update.delta[i] as number) * update.weight, 0) /
            weight;
          const error = Math.abs((mean.value.delta[i] as number) - exact);
          // The result is a float32: half a unit in its last place on top of the rounding of the lanes.
          expect(error).toBeLessThanOrEqual(bound * (1 + 1e-9) + Math.abs(exact) * 2 ** -24 + 1e-300);
        }
      }),
      { numRuns: 300, seed: 33 },
    );
  });

  it('NUMBER-2: the sum of words is the exact sum of integers, in every order', () => {
    fc.assert(
      fc.property(scenario, ({ terms: given, updates }) => {
        const sum = sumOf(updates, given);
        expect(sumOf(updates.toReversed(), given)).toEqual(sum);
        for (let i = 0; i < d; i++) {
          const exact = updates.reduce(
            (total, update) => total + lane(words(update, given)[i] ?? 0, given),
            0,
          );
          // Whole words and their low W bits, which are all that goes out, say the same.
          expect((sum[i] as number) | 0).toBe(exact);
          expect(lane(sum[i] as number, given)).toBe(exact);
        }
      }),
      { numRuns: 300, seed: 34 },
    );
  });

  it('NUMBER-2: no lane wraps when all who are invited have the largest update and weight', () => {
    for (const invited of [3, 4, 5, 7, 8, 9, 64, 65, 999, 1000])
      for (const bits of [8, 16, 22])
        for (const sign of [1, -1]) {
          const weightMax = 2 ** bits - 1;
          const given = { range: 0.3, bits, invited, weightMax };
          const update = { delta: new Float32Array(d).fill(sign * 1e30), weight: weightMax };
          const one = words(update, given);
          // What arrives are the low W bits; nothing above them says anything.
          const spare = 32 - laneBits(given);
          const sum = one.map((word) => (Math.imul(word, invited) << spare) >>> spare);
          const mean = weightedMean(sum, invited, given);
          expect((one[0] as number) | 0).toBe(sign * largest(given));
          expect(invited * largest(given)).toBeLessThan(2 ** (laneBits(given) - 1));
          expect(invited * weightMax).toBeLessThan(2 ** laneBits(given));
          expect(mean).toEqual({
            ok: true,
            value: { delta: new Float32Array(d).fill(sign * 0.3), weight: invited * weightMax },
          });
        }
  });

  it('NUMBER-1: coordinates outside the range count as the range', () => {
    const given = { range: 0.5, bits: 16, invited: 3, weightMax: 1 };
    const mean = weightedMean(words({ delta: Float32Array.of(2, -2, 0.25), weight: 1 }, given), 1, given);
    if (!mean.ok) throw new Error(mean.fault.code);
    expect(mean.value.delta[0]).toBeCloseTo(0.5, 4);
    expect(mean.value.delta[1]).toBeCloseTo(-0.5, 4);
    expect(mean.value.delta[2]).toBeCloseTo(0.25, 4);
  });

  it('leaves the update as it was', () => {
    const delta = Float32Array.of(0.1, -0.2);
    quantizeUpdate(delta, 1, { range: 1, bits: 16, invited: 3, weightMax: 1 });
    expect(delta).toEqual(Float32Array.of(0.1, -0.2));
  });

  it.each([NaN, Infinity, -Infinity])('NUMBER-3: rejects a coordinate of %s and names its index', (bad) => {
    const given = { range: 1, bits: 16, invited: 3, weightMax: 9 };
    expect(quantizeUpdate(Float32Array.of(0, 1, bad, 0), 1, given)).toEqual({
      ok: false,
      fault: { code: 'non-finite', index: 2 },
    });
  });

  it.each([0, -1, 1.5, 10, NaN, 2 ** 53])(
    'NUMBER-3: rejects a weight of %s where 9 is the most',
    (weight) => {
      const rejected = quantizeUpdate(new Float32Array(2), weight, {
        range: 1,
        bits: 16,
        invited: 3,
        weightMax: 9,
      });
      expect(rejected).toEqual({ ok: false, fault: { code: 'weight-out-of-range', weight } });
    },
  );

  it.each([0, 2, 28, 0xffffffff])('NUMBER-4: rejects a sum of three whose weight lane is %i', (weight) => {
    const given = { range: 1, bits: 16, invited: 5, weightMax: 9 };
    const opened = weightedMean(Uint32Array.of(1, 2, weight), 3, given);
    expect(opened).toEqual({ ok: false, fault: { code: 'weight-out-of-range', weight: weight & 0x7ffff } });
  });

  it.each([
    { range: 0, bits: 16, invited: 3, weightMax: 1 },
    { range: Infinity, bits: 16, invited: 3, weightMax: 1 },
    { range: NaN, bits: 16, invited: 3, weightMax: 1 },
    { range: 1, bits: 16, invited: 0, weightMax: 1 },
    { range: 1, bits: 16, invited: 3, weightMax: 0 },
    { range: 1, bits: 16, invited: 3, weightMax: 1.5 },
    { range: 1, bits: 16, invited: 3, weightMax: 2 ** 16 },
    { range: 1, bits: 16, invited: 2 ** 16 + 1, weightMax: 1 },
    { range: 1, bits: 24, invited: 2 ** 8 + 1, weightMax: 1 },
    { range: 1, bits: 7, invited: 3, weightMax: 1 },
    { range: 1, bits: 25, invited: 3, weightMax: 1 },
    { range: 1, bits: 16.5, invited: 3, weightMax: 1 },
  ])('OFFER-2: terms that do not fit the ring are told apart: %j', (given) => {
    expect(fitsRing(given)).toBe(false);
    expect(() => quantizeUpdate(new Float32Array(1), 1, given)).toThrow(RangeError);
    expect(() => weightedMean(new Uint32Array(2), 1, given)).toThrow(RangeError);
  });

  it('rejects a number of survivors that was never invited, and a sum without lanes', () => {
    const given = { range: 1, bits: 16, invited: 3, weightMax: 1 };
    for (const survivors of [0, 4, 1.5])
      expect(() => weightedMean(new Uint32Array(2), survivors, given)).toThrow('survivors');
    expect(() => weightedMean(new Uint32Array(0), 3, given)).toThrow('sum: no weight lane');
  });
});
