/**
 * Models that TF.js' own layers make, save and predict with, read here: ours must say the same of the same examples.
 * What the loss squashes or normalises is done to our outputs first.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {
  input,
  layers,
  model as functional,
  sequential,
  type LayersModel,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { readLayersModel } from '../tasks/layers-model/import.ts';
import type { Loss } from '../tasks/model.ts';
import { examplesFor } from './model-cases.ts';
import { buildModel } from './build.ts';

const EXAMPLES = 5;

/** The two files that `model.save` writes. */
async function savedFiles(model: LayersModel): Promise<{ json: string; weights: Uint8Array }> {
  let files: { json: string; weights: Uint8Array } | null = null;
  await model.save({
    save: async (artifacts) => {
      const { modelTopology, format, trainingConfig, weightSpecs: entries = [] } = artifacts;
      const weightsManifest = [{ paths: ['weights.bin'], weights: entries }];
      files = {
        json: JSON.stringify({ format, modelTopology, weightsManifest, trainingConfig }),
        weights: new Uint8Array(tf.io.CompositeArrayBuffer.join(artifacts.weightData)),
      };
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
    },
  });
  if (files === null) throw new Error('nothing was saved');
  return files;
}

interface Case {
  readonly name: string;
  readonly make: () => LayersModel;
  readonly loss: Loss;
}

function chain(): LayersModel {
  const start = input({ shape: [6, 4] });
  const pooled = layers.maxPooling1d({ poolSize: 2 }).apply(start) as SymbolicTensor;
  const flat = layers.flatten().apply(pooled) as SymbolicTensor;
  const hidden = layers.dense({ units: 5, activation: 'sigmoid' }).apply(flat) as SymbolicTensor;
  return functional({
    inputs: start,
    outputs: layers.dense({ units: 3, activation: 'softmax' }).apply(hidden) as SymbolicTensor,
  });
}

const CASES: readonly Case[] = [
  {
    name: 'LeNet with means and tanh',
    loss: 'softmax-cross-entropy',
    make: () =>
      sequential({
        layers: [
          layers.conv2d({
            inputShape: [12, 12, 1],
            filters: 3,
            kernelSize: 3,
            padding: 'same',
            activation: 'tanh',
          }),
          layers.averagePooling2d({ poolSize: 2 }),
          layers.conv2d({ filters: 4, kernelSize: 3 }),
          layers.activation({ activation: 'tanh' }),
          layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
          layers.flatten(),
          layers.dropout({ rate: 0.5 }),
          layers.dense({ units: 4 }),
          layers.softmax(),
        ],
      }),
  },
  {
    name: 'a convolution and global means',
    loss: 'sigmoid-cross-entropy',
    make: () =>
      sequential({
        layers: [
          layers.inputLayer({ inputShape: [9, 7, 2] }),
          layers.conv2d({ filters: 3, kernelSize: [2, 3], strides: [2, 1] }),
          layers.reLU(),
          layers.globalAveragePooling2d({}),
          layers.dense({ units: 1, activation: 'sigmoid' }),
        ],
      }),
  },
  {
    name: 'a convolution along a text',
    loss: 'softmax-cross-entropy',
    make: () =>
      sequential({
        layers: [
          layers.embedding({ inputDim: 11, outputDim: 4, inputLength: 14 }),
          layers.conv1d({ filters: 5, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }),
          layers.maxPooling1d({ poolSize: 2 }),
          layers.globalMaxPooling1d({}),
          layers.dense({ units: 3, activation: 'softmax' }),
        ],
      }),
  },
  {
    name: 'a GRU',
    loss: 'softmax-cross-entropy',
    make: () =>
      sequential({
        layers: [
          layers.embedding({ inputDim: 7, outputDim: 3, inputLength: 8 }),
          layers.gru({ units: 6, recurrentActivation: 'sigmoid', recurrentInitializer: 'glorotNormal' }),
          layers.dense({ units: 2 }),
        ],
      }),
  },
  {
    name: 'a number, squashed',
    loss: 'mse',
    make: () =>
      sequential({
        layers: [
          layers.reshape({ inputShape: [12], targetShape: [3, 4, 1] }),
          layers.conv2d({ filters: 2, kernelSize: 2, activation: 'sigmoid' }),
          layers.globalMaxPooling2d({}),
          layers.dense({ units: 1, activation: 'sigmoid' }),
        ],
      }),
  },
  { name: 'a functional chain', loss: 'softmax-cross-entropy', make: chain },
];

const FINISH: Readonly<Record<Loss, (outputs: tf.Tensor2D) => tf.Tensor>> = {
  'softmax-cross-entropy': (outputs) => tf.softmax(outputs),
  'sigmoid-cross-entropy': (outputs) => tf.sigmoid(outputs),
  mse: (outputs) => outputs,
};

describe('a model made with TF.js', () => {
  beforeAll(async () => void (await tf.setBackend('cpu')));

  it.each(CASES)('$name predicts the same here', async ({ name, make, loss }) => {
    const stock = make();
    stock.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const { json, weights } = await savedFiles(stock);
    const read = readLayersModel({ json, weights: new Map([['weights.bin', weights]]), loss });
    if (!read.ok) throw new Error(read.fault);
    const { model, parameters } = read.value;
    const x = tf.tensor(examplesFor(model, EXAMPLES).inputs, [EXAMPLES, ...model.inputShape]);
    const expected = await (stock.predict(x) as tf.Tensor).data();
    const outputs = buildModel(model, parameters).forward(x);
    // The GRU's model ends in sums, as they are.
    const actual = await (name === 'a GRU' ? outputs : FINISH[loss](outputs)).data();
    expect(actual).toHaveLength(expected.length);
    expected.forEach((value, i) => expect(Math.abs(value - (actual[i] ?? NaN))).toBeLessThan(1e-5));
  });
});
