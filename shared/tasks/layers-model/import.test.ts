import { describe, expect, it } from 'vitest';
import { initialParameters } from '../initial.ts';
import type { Loss } from '../model.ts';
import {
  bagOfWordsLogistic,
  characterNetwork,
  convolutionalNetwork,
  groupNormNetwork,
  tabularNetwork,
} from '../models.ts';
import { bytesOfParameters, modelHashOf } from '../parameters.ts';
import { layersModelOf } from './export.ts';
import { readLayersModel } from './import.ts';

/** As another program writes it: of two inputs, with three tensors' worth of layers. */
const foreign = (changes: Record<string, unknown> = {}, more: readonly unknown[] = []) => ({
  format: 'layers-model',
  modelTopology: {
    class_name: 'Sequential',
    config: {
      name: 'sequential_1',
      layers: [
        {
          class_name: 'Dense',
          config: {
            name: 'hidden',
            batch_input_shape: [null, 2],
            units: 3,
            activation: 'relu',
            use_bias: true,
            kernel_regularizer: null,
            ...changes,
          },
        },
        ...more,
        { class_name: 'Dense', config: { name: 'out', units: 2, activation: 'softmax' } },
      ],
    },
  },
  weightsManifest: [
    {
      paths: ['a.bin', 'b.bin'],
      weights: [
        { name: 'out/kernel', shape: [3, 2], dtype: 'float32' },
        { name: 'out/bias', shape: [2], dtype: 'float32' },
        { name: 'hidden/kernel', shape: [2, 3], dtype: 'float32' },
        { name: 'hidden/bias', shape: [3], dtype: 'float32' },
      ],
    },
  ],
});

/** 0, 1, .. 16, cut in the middle of a tensor. */
const bytes = bytesOfParameters(Float32Array.from({ length: 17 }, (_, i) => i));
const files = new Map<string, Uint8Array>([
  ['a.bin', bytes.slice(0, 21)],
  ['b.bin', bytes.slice(21)],
]);

const read = (value: unknown, weights: ReadonlyMap<string, Uint8Array> = files, loss?: Loss) =>
  readLayersModel({ json: JSON.stringify(value), weights, loss: loss ?? 'softmax-cross-entropy' });

describe('a layers model of another program', () => {
  it('becomes a specification, its weights in layout order, its softmax the loss’s', () => {
    expect(read(foreign())).toEqual({
      ok: true,
      value: {
        model: {
          version: 1,
          inputShape: [2],
          layers: [
            { kind: 'dense', units: 3, activation: 'relu' },
            { kind: 'dense', units: 2, activation: 'linear' },
          ],
          loss: 'softmax-cross-entropy',
        },
        parameters: Float32Array.of(8, 9, 10, 11, 12, 13, 14, 15, 16, 0, 1, 2, 3, 4, 5, 6, 7),
      },
    });
  });

  it.each<[string, unknown, RegExp]>([
    [
      'a layer that is not known',
      foreign({}, [{ class_name: 'Minimum', config: { name: 'memory' } }]),
      /^Layer "memory" \(Minimum\) is not supported\. Supported are Dense, /,
    ],
    [
      'a class that every object has',
      foreign({}, [{ class_name: 'constructor', config: {} }]),
      /^Layer "constructor" .*is not supported/,
    ],
    [
      'an activation that is not known',
      foreign({ activation: 'swish' }),
      /^Layer "hidden" \(Dense\): activation: only "relu"/,
    ],
    [
      'probabilities in the middle',
      foreign({ activation: 'softmax' }),
      /^Layer "hidden" \(Dense\): activation/,
    ],
    ['no bias', foreign({ use_bias: false }), /^Layer "hidden" \(Dense\): use_bias: layers have a bias here/],
    [
      'a penalty',
      foreign({ kernel_regularizer: { class_name: 'L1L2', config: {} } }),
      /"hidden" .*kernel_regularizer is not supported/,
    ],
    ['half a unit', foreign({ units: 2.5 }), /^Layer "hidden" \(Dense\): units/],
    ['no units', foreign({ units: 0 }), /^Layer "hidden" \(Dense\): units: at least 1/],
    [
      'other units than its weights',
      foreign({ units: 4 }),
      /^The weight "hidden\/kernel" is \[2, 3\], its layer takes \[2, 4\]/,
    ],
    ['no input shape', foreign({ batch_input_shape: undefined }), /first layer does not say the shape/],
    [
      'inputs of any length',
      foreign({ batch_input_shape: [null, null] }),
      /takes inputs of any length, \[any\]\. Make it for inputs of one shape/,
    ],
    [
      'layers that do not fit',
      foreign({}, [{ class_name: 'GRU', config: { name: 'g', units: 2, recurrent_activation: 'sigmoid' } }]),
      /^Layer "g" \(GRU\) does not fit what comes before it, or its input: layer 2 \(gru\) takes \[length, features\]/,
    ],
    [
      'a branching model',
      { ...foreign(), modelTopology: { class_name: 'Graph', config: { layers: [] } } },
      /modelTopology.*models of layers one after another are read/,
    ],
    ['a graph model', { ...foreign(), format: 'graph-model' }, /only layers models are read/],
    [
      'weights of whole numbers',
      {
        ...foreign(),
        weightsManifest: [
          { paths: ['a.bin'], weights: [{ name: 'out/kernel', shape: [21], dtype: 'uint8' }] },
        ],
      },
      /"out\/kernel" is of uint8; weights are float32 here/,
    ],
    [
      'a weight too many',
      {
        ...foreign(),
        weightsManifest: [
          ...foreign().weightsManifest,
          { paths: [], weights: [{ name: 'x/y', shape: [0], dtype: 'float32' }] },
        ],
      },
      /lists 5 weights, its layers take 4/,
    ],
    [
      'frozen layers',
      foreign({ trainable: false }),
      /^Layer "hidden" \(Dense\): trainable: every layer learns here/,
    ],
    [
      'statistics of examples',
      foreign({}, [{ class_name: 'BatchNormalization', config: { name: 'norm' } }]),
      /^Layer "norm" \(BatchNormalization\) is not supported\. It keeps statistics of the examples/,
    ],
    [
      'an activation that follows no sums',
      foreign({ activation: 'relu' }, [
        { class_name: 'Activation', config: { name: 'a', activation: 'tanh' } },
      ]),
      /^Layer "a" \(Activation\): activation: "tanh" follows a layer of sums/,
    ],
    ['a weight too few', { ...foreign(), weightsManifest: [] }, /"hidden\/kernel" is missing/],
  ])('is refused for %s', (_what, value, sentence) => {
    const result = read(value);
    expect(result.ok ? '' : result.fault).toMatch(sentence);
  });

  it('is refused where a file is missing, cut short, too long or no number, and where model.json is cut short', () => {
    const faultOf = (weights: ReadonlyMap<string, Uint8Array>) => {
      const result = read(foreign(), weights);
      return result.ok ? '' : result.fault;
    };
    const changed = (name: string, file: Uint8Array) => new Map(files).set(name, file);
    expect(faultOf(new Map())).toMatch(/a\.bin, which model\.json names, is missing/);
    expect(faultOf(changed('b.bin', bytes.slice(21, 60)))).toMatch(/60 bytes instead of the 68 .*cut short/);
    expect(faultOf(changed('b.bin', bytes))).toMatch(/89 bytes instead of the 68 .*another model’s/);
    const infinite = bytesOfParameters(
      Float32Array.from({ length: 17 }, (_, i) => (i === 16 ? Infinity : i)),
    );
    expect(faultOf(changed('b.bin', infinite.slice(21)))).toMatch(
      /"hidden\/bias" holds a number that is not finite/,
    );
    const json = JSON.stringify(foreign()).slice(0, -9);
    expect(readLayersModel({ json, weights: files, loss: 'mse' })).toMatchObject({
      ok: false,
      fault: /not JSON, or was cut short/,
    });
  });
});

describe('a layers model that was exported here', () => {
  it.each([
    ['McMahan’s CNN', convolutionalNetwork],
    ['the group-norm CNN', groupNormNetwork],
    ['the tabular MLP', tabularNetwork(6, 3)],
    ['the bag of words', bagOfWordsLogistic],
    ['the character GRU', characterNetwork(12)],
  ])('%s comes back as it was', (_name, model) => {
    const parameters = initialParameters(model, 5);
    const weights = bytesOfParameters(parameters);
    const exported = layersModelOf(model, modelHashOf(weights), 'weights.bin');
    const result = read(exported, new Map([['weights.bin', weights]]), model.loss);
    expect(result.ok ? result.value.model : result.fault).toEqual(model);
    expect(result.ok && modelHashOf(bytesOfParameters(result.value.parameters))).toBe(modelHashOf(weights));
    // Without our word, the layers alone say the same, but for group norm, of which they are many.
    const bare = read(
      { ...exported, userDefinedMetadata: undefined },
      new Map([['weights.bin', weights]]),
      model.loss,
    );
    if (model === groupNormNetwork)
      expect(bare).toMatchObject({ ok: false, fault: /"groupNorm-2-gather" \(Permute\)/ });
    else expect(bare).toEqual(result);
  });

  const model = tabularNetwork(6, 3);
  const weights = bytesOfParameters(initialParameters(model, 5)).slice();
  const exported = layersModelOf(model, modelHashOf(weights), 'weights.bin');

  it('is refused with other weights, other layers than its specification’s, another version or a loss that does not fit', () => {
    const faultOf = (value: unknown, file: Uint8Array = weights, loss?: Loss) => {
      const result = read(value, new Map([['weights.bin', file]]), loss);
      return result.ok ? '' : result.fault;
    };
    expect(faultOf(exported)).toBe('');
    expect(faultOf(exported, weights.with(0, (weights[0] ?? 0) ^ 1))).toMatch(/do not have the hash/);
    const other = layersModelOf(tabularNetwork(6, 4), modelHashOf(weights), 'weights.bin');
    expect(faultOf({ ...exported, modelTopology: other.modelTopology })).toMatch(
      /not those of the specification/,
    );
    const chorale = { ...exported.userDefinedMetadata.chorale, model: { ...model, version: 2 } };
    expect(faultOf({ ...exported, userDefinedMetadata: { chorale } })).toMatch(
      /of version 2; this program knows/,
    );
    expect(faultOf(exported, weights, 'mse')).toMatch(/mse takes one output, not 3/);
  });
});
