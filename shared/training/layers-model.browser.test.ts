/** The exported layers model in a page that has TF.js from its own package and nothing of ours. */
import tfjsUrl from '@tensorflow/tfjs/dist/tf.min.js?url';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layersModelOf } from '../tasks/layers-model/export.ts';
import { bytesOfParameters, modelHashOf } from '../tasks/parameters.ts';
import { startCpu } from './backend.ts';
import { buildModel } from './build.ts';
import { examplesFor, jobOf, MODEL_CASES } from './model-cases.ts';

const EXAMPLES = 4;

/** The whole program of the page: what anybody writes who is handed the two files. */
const PAGE = `<!doctype html><script src="${tfjsUrl}"></script><script>
  onmessage = async ({ data: { files, inputs, shape }, ports: [answer] }) => {
    try {
      await tf.setBackend('cpu');
      const model = await tf.loadLayersModel(tf.io.browserFiles(files));
      answer.postMessage(await model.predict(tf.tensor(inputs, shape)).data());
    } catch (error) {
      answer.postMessage(String(error));
    }
  };
</script>`;

describe('a page without our code', () => {
  const frame = document.createElement('iframe');

  beforeAll(async () => {
    const started = await startCpu();
    if (!started.ok) throw new Error(started.fault);
    const loaded = Promise.withResolvers<unknown>();
    frame.onload = loaded.resolve;
    frame.srcdoc = PAGE;
    document.body.append(frame);
    await loaded.promise;
  });
  afterAll(() => frame.remove());

  function predict(files: readonly File[], inputs: Float32Array, shape: readonly number[]): Promise<unknown> {
    const { port1, port2 } = new MessageChannel();
    const answer = Promise.withResolvers<unknown>();
    port1.onmessage = ({ data }) => answer.resolve(data);
    frame.contentWindow?.postMessage({ files, inputs, shape }, '*', [port2]);
    return answer.promise;
  }

  it.each(MODEL_CASES)('loads the $name and predicts what ours does', async (modelCase) => {
    const { model } = modelCase;
    const parameters = jobOf(modelCase).parameters.map((value, i) => value + ((i % 7) - 3) / 100);
    const bytes = bytesOfParameters(parameters).slice();
    const { inputs } = examplesFor(model, EXAMPLES);
    const shape = [EXAMPLES, ...model.inputShape];
    const exported = layersModelOf(model, modelHashOf(bytes), 'weights.bin');
    const files = [new File([JSON.stringify(exported)], 'model.json'), new File([bytes], 'weights.bin')];
    const predicted = await predict(files, inputs, shape);
    const ours = buildModel(model, parameters);
    const expected = await ours.forward(tf.tensor(inputs, shape)).data();
    expect(predicted).toBeInstanceOf(Float32Array);
    if (!(predicted instanceof Float32Array)) return;
    expect(predicted).toHaveLength(expected.length);
    expected.forEach((value, i) => expect(Math.abs(value - (predicted[i] ?? NaN))).toBeLessThan(1e-5));
  });
});
