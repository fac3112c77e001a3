/** The noise suite: a million draws of a share, and the making of its table, in Node and in Chromium. */
import { fileURLToPath } from 'node:url';
import type { Figure } from './figure.ts';
import { type Conditions, DRAWS, NOISES, STREAMS, timeNoise, type Timing } from './noise/workload.ts';
import { median, round } from './numbers.ts';
import { openScriptPage } from './script-page.ts';

const DEVIATIONS = [0.5, 1, 10, 100, 1_000, 10_000];
const TURNS = 9;
const PAGE = fileURLToPath(new URL('./noise/page.ts', import.meta.url));

type Timer = (conditions: Conditions) => Promise<Timing>;

/** Yields table-ms and draws-ms, each the median of its turns after a warm-up. */
export async function* measureNoise(): AsyncGenerator<Figure> {
  yield* measureRuntime('node', timeNoise);
  const { page, close } = await openScriptPage(PAGE);
  try {
    yield* measureRuntime('chromium', (conditions) =>
      page.evaluate(
        async (given) => (globalThis as unknown as { timeNoise: Timer }).timeNoise(given),
        conditions,
      ),
    );
  } finally {
    await close();
  }
}

async function* measureRuntime(runtime: string, time: Timer): AsyncGenerator<Figure> {
  for (const noise of Object.keys(NOISES) as (keyof typeof NOISES)[]) {
    for (const stream of STREAMS) {
      for (const deviation of DEVIATIONS) {
        const params = { runtime, noise, stream, deviation };
        await time({ noise, stream, deviation });
        const timings: Timing[] = [];
        for (let turn = 0; turn < TURNS; turn++) timings.push(await time({ noise, stream, deviation }));
        yield {
          name: 'table-ms',
          unit: 'ms',
          value: round(median(timings.map(({ tableMs }) => tableMs))),
          params,
        };
        yield {
          name: 'draws-ms',
          unit: 'ms',
          value: round(median(timings.map(({ drawsMs }) => drawsMs))),
          params: { ...params, draws: DRAWS },
        };
      }
    }
  }
}
