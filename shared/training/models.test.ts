import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { TASKS } from '../tasks/catalogue.ts';
import type { ModelSpecification } from '../tasks/model.ts';
import { COMPARED_STEPS, distanceOf, seededSteps, toleranceOf } from './backends/agreement.ts';
import { startKernels } from './kernels/testing.ts';
import { MODEL_CASES } from './model-cases.ts';
import { modelsSuite } from './models-suite.ts';

/** Without the sizes that depend on the data: inputs, classes. */
const kindOf = ({ layers }: ModelSpecification): string =>
  JSON.stringify(
    layers.map((layer, index) =>
      layer.kind === 'dense' && index === layers.length - 1 ? { ...layer, units: 'classes' } : layer,
    ),
  );

describe('the cases', () => {
  it('have a model of the kind of every task that ships', () => {
    const kinds = MODEL_CASES.map(({ model }) => kindOf(model));
    for (const { id, model } of TASKS) expect(kinds, id).toContain(kindOf(model));
  });
});

describe('every model, in Node', () => {
  beforeAll(startKernels);
  modelsSuite();
});

describe('every model, wasm against cpu', () => {
  beforeAll(startKernels);

  it.each(MODEL_CASES)(
    '$name: losses and weights after a few steps agree within the tolerance',
    async (modelCase) => {
      const onWasm = await seededSteps(modelCase, COMPARED_STEPS);
      try {
        await tf.setBackend('cpu');
        expect(tf.getBackend()).toBe('cpu');
        const { losses, weights } = distanceOf(onWasm, await seededSteps(modelCase, COMPARED_STEPS));
        const most = toleranceOf(modelCase, 'wasm');
        expect(losses).toBeLessThan(most.losses);
        expect(weights).toBeLessThan(most.weights);
      } finally {
        await tf.setBackend('wasm');
      }
    },
  );
});
