import { describe, expect, it } from 'vitest';
import { TASKS } from './catalogue.ts';
import { memoryMisfit, trainingBytes } from './footprint.ts';
import type { ModelSpecification } from './model.ts';
import { softmaxRegression, tabularNetwork } from './models.ts';
import type { LocalTraining } from './task.ts';

const plain: LocalTraining = { epochs: 1, batchSize: 10, learningRate: 1, optimizer: { kind: 'sgd' } };
const adam = { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7 } as const;

describe('what training takes of memory', () => {
  it('counts parameters with their copies, and a batch of all that is between layers', () => {
    const shapes = 784 + 10;
    expect(trainingBytes(softmaxRegression, plain)).toBe(4 * (3 * 7_850 + 20 * shapes));
    const more = { ...plain, optimizer: adam, fedProx: { mu: 1 } };
    expect(trainingBytes(softmaxRegression, more)).toBe(4 * (6 * 7_850 + 20 * shapes));
  });

  it('is what half a gigabyte holds for every task that ships', () => {
    for (const { id, model, training } of TASKS)
      expect([id, memoryMisfit(model, training, 2 ** 29)]).toEqual([id, null]);
  });

  it('too large a model is said to be so before it is downloaded', () => {
    const bytes = trainingBytes(tabularNetwork(6, 3), plain);
    expect(memoryMisfit(tabularNetwork(6, 3), plain, bytes)).toBeNull();
    expect(memoryMisfit(tabularNetwork(6, 3), plain, bytes - 1)).toMatch(
      /more than 0 MB .*this device does not/,
    );
    const huge: ModelSpecification = {
      ...softmaxRegression,
      inputShape: [65_536],
      layers: [
        { kind: 'dense', units: 65_536, activation: 'relu' },
        { kind: 'dense', units: 10, activation: 'linear' },
      ],
    };
    expect(memoryMisfit(huge, plain, null)).toMatch(/more than 51,\d{3} MB/);
    expect(memoryMisfit(softmaxRegression, plain, null)).toBeNull();
  });
});
