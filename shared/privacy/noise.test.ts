import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import type { Prg } from '../crypto/mask.ts';
import { chiSquare, chiSquareBound } from '../numeric/chi-square.ts';
import { discreteGaussianCdf } from './discrete-gaussian.ts';
import { reference } from './goldens/reference.ts';
import { addNoise } from './noise.ts';
import type { NoiseTable } from './noise-table.ts';
import { discreteGaussianTable, skellamTable } from './noise-table.ts';
import { skellamCdf } from './skellam.ts';

const DRAWS = 1_000_000;

function draws(table: NoiseTable, label: string, count = DRAWS): Int32Array {
  const words = new Uint32Array(count);
  addNoise(words, table, { random: seededRandom(label) });
  return new Int32Array(words.buffer);
}

/** χ² over cells (edge, next edge], and its bound: `cdf` at rising whole edges; thin cells join the next. */
function fit(values: Int32Array, edges: readonly number[], cdf: (x: number) => number): number {
  const cells: { edge: number; expected: number }[] = [];
  let before = 0;
  for (const edge of edges) {
    const here = cdf(edge);
    if ((here - before) * values.length < 10 || (1 - here) * values.length < 10) continue;
    cells.push({ edge, expected: (here - before) * values.length });
    before = here;
  }
  cells.push({ edge: Infinity, expected: (1 - before) * values.length });
  const observed = new Float64Array(cells.length);
  for (const value of values) {
    const cell = cells.findIndex(({ edge }) => value <= edge);
    observed[cell] = (observed[cell] as number) + 1;
  }
  const expected = cells.map((cell) => cell.expected);
  return chiSquare(observed, expected) / chiSquareBound(cells.length - 1);
}

/** Whole edges at every tenth of a deviation. */
const edgesOf = (sigma: number): number[] => [
  ...new Set(Array.from({ length: 81 }, (_, i) => Math.round(((i - 40) / 10) * sigma))),
];

const skellamFit = (values: Int32Array, variance: number): number =>
  fit(values, edgesOf(Math.sqrt(variance)), (x) => skellamCdf(variance, x));
const gaussianFit = (values: Int32Array, variance: number): number =>
  fit(values, edgesOf(Math.sqrt(variance)), (x) => discreteGaussianCdf(variance, x));

describe('draws of noise', () => {
  for (const [group, key, tableOf] of [
    ['skellam_pmf', 'variance', skellamTable],
    ['discrete_gaussian_pmf', 'sigma2', discreteGaussianTable],
  ] as const) {
    it(`fit the reference rows ${group}`, () => {
      const rows = reference.rows.filter((row) => row.group === group);
      for (const variance of new Set(rows.map((row) => Number(row.in[key])))) {
        const known = new Map<number, number>();
        for (const { in: given, out } of rows.filter((row) => Number(row.in[key]) === variance)) {
          known.set(Number(given['x']) - 1, Number(out['cdf']) - Number(out['pmf']));
          known.set(Number(given['x']), Number(out['cdf']));
        }
        const edges = [...known.keys()].sort((a, b) => a - b);
        const values = draws(tableOf(variance), `${group} ${variance}`, 200_000);
        expect(
          fit(values, edges, (x) => known.get(x) as number),
          `variance ${variance}`,
        ).toBeLessThan(1);
      }
    });
  }

  it('fit both distributions in cells of a tenth of a deviation, σ from 0.5 to 10⁴', () => {
    for (const sigma of [0.5, 1, 10, 100, 1_000]) {
      expect(skellamFit(draws(skellamTable(sigma ** 2), `skellam ${sigma}`), sigma ** 2)).toBeLessThan(1);
    }
    for (const sigma of [0.5, 1, 10, 100, 1_000, 10_000]) {
      expect(
        gaussianFit(draws(discreteGaussianTable(sigma ** 2), `gaussian ${sigma}`), sigma ** 2),
      ).toBeLessThan(1);
    }
  });

  it('of 10⁴ deviation Skellam is Gaussian to the sample: cells, mean and variance', () => {
    const values = draws(skellamTable(1e8), 'skellam 10000');
    expect(gaussianFit(values, 1e8)).toBeLessThan(1);
    let [sum, squares] = [0, 0];
    for (const value of values) [sum, squares] = [sum + value, squares + value ** 2];
    // Five standard errors: σ/√N of the mean, √(2/N) of the variance.
    expect(Math.abs(sum / DRAWS)).toBeLessThan((5 * 1e4) / Math.sqrt(DRAWS));
    expect(Math.abs(squares / DRAWS / 1e8 - 1)).toBeLessThan(5 * Math.sqrt(2 / DRAWS));
  });

  it('of Skellam add up to Skellam: six shares of σ²/6', () => {
    const words = new Uint32Array(300_000);
    const share = skellamTable(9 / 6);
    for (let h = 0; h < 6; h++) addNoise(words, share, { random: seededRandom(`share ${h}`) });
    expect(skellamFit(new Int32Array(words.buffer), 9)).toBeLessThan(1);
  });

  it('would be caught with the variance passed as the deviation, and the deviation as the variance', () => {
    for (const sigma of [2, 10]) {
      expect(skellamFit(draws(skellamTable(sigma), 'planted', 10_000), sigma ** 2)).toBeGreaterThan(10);
      expect(skellamFit(draws(skellamTable(sigma ** 4), 'planted', 10_000), sigma ** 2)).toBeGreaterThan(10);
      expect(gaussianFit(draws(discreteGaussianTable(sigma), 'planted', 10_000), sigma ** 2)).toBeGreaterThan(
        10,
      );
    }
  });

  it('would be caught with one probability a twentieth too small', () => {
    const table = skellamTable(100);
    const top = table.top.slice();
    const lack = Math.round(0.05 * ((top[5] as number) - (top[4] as number)));
    for (let m = 5; m < 12; m++) top[m] = (top[m] as number) - lack;
    expect(skellamFit(draws({ ...table, top }, 'biased'), 100)).toBeGreaterThan(2);
  });

  it('would be caught without signs, and with signs that follow the magnitude', () => {
    const values = draws(skellamTable(100), 'unsigned', 10_000);
    expect(skellamFit(values.map(Math.abs), 100)).toBeGreaterThan(10);
    const odd = values.map((value) => (value % 2 === 0 ? Math.abs(value) : -Math.abs(value)));
    expect(fit(odd, [-4, -3, -2, -1, 0, 1, 2, 3, 4], (x) => skellamCdf(100, x))).toBeGreaterThan(10);
  });

  it('are new each time, and added modulo 2^32', () => {
    const table = skellamTable(100);
    const random = seededRandom('twice');
    const first = new Uint32Array(50_000).fill(7);
    addNoise(first, table, { random });
    const second = new Uint32Array(50_000).fill(7);
    addNoise(second, table, { random });
    expect(first).not.toEqual(second);
    expect(first.subarray(0, 16_384)).not.toEqual(first.subarray(16_384, 32_768));
    expect(first.some((word) => word > 2 ** 31)).toBe(true);
  });
});

/** A stream of the given words, again from the start at every key. */
function streamOf(...streams: Uint32Array[]): Prg {
  let key = 0;
  return {
    accumulate: (words) => {
      const stream = streams[key++ % streams.length] as Uint32Array;
      for (let i = 0; i < words.length; i++) words[i] = stream[i % stream.length] as number;
    },
  };
}

/** The draw that the 128-bit number `uniform` gives, by a search through all thresholds. */
function searched({ high, low }: NoiseTable, uniform: bigint): number {
  for (let m = 0; m < high.length - 1; m++) {
    if (uniform < (((high[m] as bigint) << 64n) | (low[m] as bigint))) return m;
  }
  return high.length - 1;
}

describe('the guided search', () => {
  const table = discreteGaussianTable(30 ** 2);
  const drawn = (uniform: bigint): number => {
    const words = Array.from({ length: 4 }, (_, i) =>
      Number((uniform >> BigInt(96 - 32 * i)) & 0xffff_ffffn),
    );
    const lanes = new Uint32Array(1);
    // Signs lie behind the lanes' words in the first stream, which is all the first word: its lowest bit.
    const prg = streamOf(Uint32Array.of(words[0] as number), Uint32Array.from(words.slice(1)));
    addNoise(lanes, table, { random: seededRandom('key'), prg });
    return Math.abs((lanes[0] as number) | 0);
  };

  it('finds what a search through all thresholds finds, anywhere', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 128n - 1n), (uniform) => {
        expect(drawn(uniform)).toBe(searched(table, uniform));
      }),
      { seed: 5, numRuns: 2_000 },
    );
  });

  it('reads the low bits on a tie: at a threshold, just below it, and where only the last word differs', () => {
    const last = table.high.length - 1;
    for (let m = 0; m < last; m++) {
      const threshold = ((table.high[m] as bigint) << 64n) | (table.low[m] as bigint);
      for (const distance of [-(2n ** 64n), -1n, 0n, 1n, 2n ** 70n]) {
        const uniform = threshold + distance;
        if (uniform < 0n || uniform >= 2n ** 128n) continue;
        expect(drawn(uniform)).toBe(searched(table, uniform));
      }
      if (m < last - 1) expect(drawn(threshold - 1n)).toBeLessThan(drawn(threshold) + 1);
    }
    expect(drawn(2n ** 128n - 1n)).toBe(last);
  });
});
