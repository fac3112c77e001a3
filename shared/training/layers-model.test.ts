/** The exported layers model, loaded by TF.js' own layers in Node, against ours. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { layersModelOf } from '../tasks/layers-model/export.ts';
import { bytesOfParameters, modelHashOf } from '../tasks/parameters.ts';
import { buildModel } from './build.ts';
import { examplesFor, jobOf, MODEL_CASES } from './model-cases.ts';

describe('a model exported to TF.js', () => {
  beforeAll(async () => void (await tf.setBackend('cpu')));

  it.each(MODEL_CASES)('$name predicts what ours does', async (modelCase) => {
    const { model } = modelCase;
    const parameters = jobOf(modelCase).parameters.map((value, i) => value + ((i % 7) - 3) / 100);
    const bytes = bytesOfParameters(parameters);
    const exported = layersModelOf(model, modelHashOf(bytes), 'weights.bin');
    const loaded = await loadLayersModel({
      load: async () => ({
        modelTopology: structuredClone(exported.modelTopology),
        weightSpecs: exported.weightsManifest.flatMap(({ weights }) =>
          weights.map((entry) => ({ ...entry, shape: [...entry.shape] })),
        ),
        weightData: bytes.slice().buffer,
      }),
    });
    const examples = examplesFor(model, 4);
    const x = tf.tensor(examples.inputs, [4, ...model.inputShape]);
    const ours = buildModel(model, parameters);
    const expected = await ours.forward(x).data();
    const predicted = await (loaded.predict(x) as tf.Tensor).data();
    expect(predicted).toHaveLength(expected.length);
    expected.forEach((value, i) => expect(Math.abs(value - (predicted[i] ?? NaN))).toBeLessThan(1e-5));
  });
});
