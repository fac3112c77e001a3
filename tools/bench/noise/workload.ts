/** What the noise suite measures; runs in Node and in a page. */
import { systemRandom } from '#shared/base/random.ts';
import { noblePrg } from '#shared/crypto/mask.ts';
import { instantiateMasks, wasmPrg } from '#shared/crypto/wasm-prg.ts';
import { addNoise } from '#shared/privacy/noise.ts';
import { discreteGaussianTable, skellamTable } from '#shared/privacy/noise-table.ts';

export const STREAMS = ['noble', 'wasm'] as const;
export const NOISES = { skellam: skellamTable, 'discrete-gaussian': discreteGaussianTable } as const;
export const DRAWS = 1_000_000;

export interface Conditions {
  readonly noise: keyof typeof NOISES;
  readonly stream: (typeof STREAMS)[number];
  /** σ of one draw, grid steps. */
  readonly deviation: number;
}

export interface Timing {
  readonly tableMs: number;
  /** Of `DRAWS` draws. */
  readonly drawsMs: number;
}

/** One table and one vector of draws, from secret randomness. */
export async function timeNoise({ noise, stream, deviation }: Conditions): Promise<Timing> {
  const prg = stream === 'wasm' ? wasmPrg(await instantiateMasks()) : noblePrg;
  const words = new Uint32Array(DRAWS);
  const start = performance.now();
  const table = NOISES[noise](deviation ** 2);
  const made = performance.now();
  addNoise(words, table, { random: systemRandom, prg });
  return { tableMs: made - start, drawsMs: performance.now() - made };
}
