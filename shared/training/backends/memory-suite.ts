/** What 200 rounds leave behind in a tab, run in Node and in a browser on the wasm backend. */
import { expect, it } from 'vitest';
import { examplesFor, jobOf, MODEL_CASES } from '../model-cases.ts';
import { trainLocally } from '../trainer.ts';
import { memorySizes, type MemorySizes } from './memory-sizes.ts';
import { required } from './testing.ts';

const UPDATES = 200;
/** The heap has its size after the first few: before, it grows in steps of its own. */
const WARM_UPS = 5;

/** The backend must be started. */
export function memorySuite(): void {
  it(`keeps no tensor and no more of the heap after ${UPDATES} local updates of the 2NN`, async () => {
    const modelCase = MODEL_CASES.find(({ name }) => name === '2NN');
    if (!modelCase) throw new Error('the 2NN is a case');
    const examples = examplesFor(modelCase.model, 3 * modelCase.training.batchSize);
    let before: MemorySizes | null = null;
    for (let update = 0; update < UPDATES; update++) {
      if (update === WARM_UPS) before = memorySizes();
      required(await trainLocally(jobOf(modelCase, { examples, shuffleLabel: `round ${update}` })));
    }
    // A leak of 100 kB an update would need 20 MB more.
    expect(memorySizes()).toEqual(before);
  }, 120_000);
}
