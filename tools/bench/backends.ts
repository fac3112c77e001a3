/**
 * The backends suite: every model that ships, trained for a few seeded steps on wasm and on WebGPU in Chromium, and
 * how far losses and weights are from those of plain JavaScript, beside what the tests allow.
 */
import { fileURLToPath } from 'node:url';
import { COMPARED_STEPS } from '#shared/training/backends/agreement.ts';
import type { PageGlobals } from './backends/page.ts';
import type { Figure } from './figure.ts';
import { openTensorPage, PAGE_WASM_FILES } from './training/tensor-page.ts';

const PAGE = fileURLToPath(new URL('./backends/page.ts', import.meta.url));

/** Yields loss-difference and weight-difference, each the largest. */
export async function* measureAgreement(): AsyncGenerator<Figure> {
  const { page, close } = await openTensorPage(PAGE);
  try {
    await page.evaluate(
      (files) => (globalThis as unknown as PageGlobals).startBackends(files),
      PAGE_WASM_FILES,
    );
    const models = await page.evaluate(() => (globalThis as unknown as PageGlobals).modelNames());
    for (const model of models) {
      const agreements = await page.evaluate(
        (name) => (globalThis as unknown as PageGlobals).compareBackends(name),
        model,
      );
      for (const { backend, distance, tolerance } of agreements) {
        const params = { model, backend, from: 'cpu', steps: COMPARED_STEPS, runtime: 'chromium' };
        yield {
          name: 'loss-difference',
          unit: 'of the loss',
          value: distance.losses,
          params: { ...params, tolerance: tolerance.losses },
        };
        yield {
          name: 'weight-difference',
          unit: 'of the largest change',
          value: distance.weights,
          params: { ...params, tolerance: tolerance.weights },
        };
      }
    }
  } finally {
    await close();
  }
}
