import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startKernels } from './kernels/testing.ts';
import { jobOf, MODEL_CASES, type ModelCase } from './model-cases.ts';
import { modelsSuite } from './models-suite.ts';
import { trainLocally } from './trainer.ts';

describe('every model, in Node', () => {
  beforeAll(startKernels);
  modelsSuite();
});

/** The loss of each step, on the backend that is set. */
async function lossesOf(modelCase: ModelCase): Promise<readonly number[]> {
  const losses: number[] = [];
  const trained = await trainLocally(jobOf(modelCase, { onBatch: ({ loss }) => losses.push(loss) }));
  if (!trained.ok) throw new Error(trained.fault.detail);
  return losses;
}

describe('every model, wasm against cpu', () => {
  beforeAll(startKernels);

  it.each(MODEL_CASES)('$name: the losses of five steps agree to 2e-6 of their size', async (modelCase) => {
    const onWasm = await lossesOf(modelCase);
    let onCpu: readonly number[];
    try {
      await tf.setBackend('cpu');
      expect(tf.getBackend()).toBe('cpu');
      onCpu = await lossesOf(modelCase);
    } finally {
      await tf.setBackend('wasm');
    }
    expect(onWasm).toHaveLength(5);
    const differences = onWasm.map((loss, i) => Math.abs(loss / (onCpu[i] ?? Number.NaN) - 1));
    expect(Math.max(...differences)).toBeLessThan(2e-6);
  });
});
