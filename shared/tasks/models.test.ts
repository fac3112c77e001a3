import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { examplesMisfit } from './fit.ts';
import { initialParameters } from './initial.ts';
import { layoutOf, parameterCount } from './layout.ts';
import type { Layer } from './layers.ts';
import { mnistTask } from './mnist.ts';
import { classesOf, modelSpecification, readModel, type ModelSpecification } from './model.ts';
import {
  bagOfWordsLogistic,
  characterNetwork,
  convolutionalNetwork,
  groupNormNetwork,
  softmaxRegression,
  tabularLogistic,
  tabularNetwork,
  twoLayerNetwork,
} from './models.ts';
import { bytesOfParameters, modelHashOf } from './parameters.ts';
import { shapesThrough } from './shapes.ts';

const SHIPPED: readonly (readonly [string, ModelSpecification, number, number])[] = [
  ['softmax regression', softmaxRegression, 7_850, 10],
  ['2NN', twoLayerNetwork, 199_210, 10],
  ['McMahan’s CNN', convolutionalNetwork, 1_663_370, 10],
  ['group-norm CNN', groupNormNetwork, 20_586, 10],
  ['tabular logistic', tabularLogistic(13), 14, 2],
  ['tabular MLP', tabularNetwork(9, 3), 32 * 10 + 1_056 + 33 * 3, 3],
  ['bag of words', bagOfWordsLogistic, 4_097, 2],
  ['character GRU', characterNetwork(40), 62_930, 50],
];

describe('models that ship', () => {
  it.each(SHIPPED)('%s meets the schema and has its parameters', (_name, model, parameters, classes) => {
    expect(v.parse(modelSpecification, structuredClone(model))).toEqual(model);
    expect(parameterCount(model)).toBe(parameters);
    expect(classesOf(model)).toBe(classes);
  });

  it.each(SHIPPED)('%s lies without gaps, each tensor named once', (_name, model) => {
    let next = 0;
    for (const { offset, size, shape } of layoutOf(model)) {
      expect(offset).toBe(next);
      expect(size).toBe(shape.reduce((product, length) => product * length, 1));
      next += size;
    }
    const names = layoutOf(model).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('the digits are learned by the 2NN', () => {
    expect(mnistTask.model).toEqual(twoLayerNetwork);
  });

  it('begin where they always did: hashes of the 2NN and the GRU', () => {
    const hashOf = (model: ModelSpecification) => modelHashOf(bytesOfParameters(initialParameters(model, 1)));
    expect(hashOf(twoLayerNetwork)).toBe('c418d531294ecb2c6bd2be824f155f49937c97bfbf0e17342e209790dce2a235');
    expect(hashOf(characterNetwork(40))).toBe(
      '41e0bb5bb1f61fb031c72286e62d5da24f4b6060a0525fb625b045f07814c9ad',
    );
  });

  it('begin with scales of 1, offsets of 0, kernels and tables within their limits and not at 0', () => {
    const part = (model: ModelSpecification, name: string) => {
      const tensor = layoutOf(model).find((candidate) => candidate.name === name);
      if (!tensor) throw new Error(`no ${name}`);
      return initialParameters(model, 1).subarray(tensor.offset, tensor.offset + tensor.size);
    };
    expect(new Set(part(groupNormNetwork, 'groupNorm-2/scale'))).toEqual(new Set([1]));
    expect(new Set(part(groupNormNetwork, 'groupNorm-2/offset'))).toEqual(new Set([0]));
    const greatest = (values: Float32Array) => Math.max(...values.map(Math.abs));
    // The greatest of n uniform draws is above 0.9 of the limit but for a chance of 0.9^n.
    for (const [values, limit] of [
      [part(groupNormNetwork, 'conv2d-1/kernel'), Math.sqrt(6 / (9 * 1 + 9 * 16))],
      [part(characterNetwork(40), 'embedding-1/table'), 0.05],
      [part(characterNetwork(40), 'gru-2/recurrent-kernel'), Math.sqrt(6 / (128 + 384))],
    ] as const) {
      expect(greatest(values)).toBeLessThanOrEqual(limit);
      expect(greatest(values)).toBeGreaterThan(0.9 * limit);
    }
  });
});

const dense = (units: number): Layer => ({ kind: 'dense', units, activation: 'linear' });
const withLayers = (inputShape: number[], ...layers: Layer[]): ModelSpecification => ({
  version: 1,
  inputShape,
  layers,
  loss: 'softmax-cross-entropy',
});
const pool = (side: number): Layer => ({
  kind: 'maxPool',
  poolSize: [side, side],
  strides: [side, side],
  padding: 'valid',
});

describe('a specification from outside', () => {
  it('of another version says so', () => {
    expect(readModel({ ...softmaxRegression, version: 2 })).toEqual({
      ok: false,
      fault: 'This is a model specification of version 2; this program knows version 1.',
    });
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', null, /Object/],
    ['no version', { inputShape: [1] }, /version/],
    ['an unknown layer', { ...softmaxRegression, layers: [{ kind: 'lstm', units: 3 }] }, /layers\.0\.kind/],
    ['an unknown key', { ...softmaxRegression, surprise: 1 }, /surprise/],
    ['units that are no integer', withLayers([3], dense(2.5)), /layers\.0\.units: an integer/],
    ['no layer', withLayers([3]), /layers/],
    [
      'a dense layer on an image',
      withLayers([4, 4, 1], dense(2)),
      /layer 1 \(dense\) takes one axis.*4, 4, 1/,
    ],
    ['a pool of a vector', withLayers([16], pool(2), dense(2)), /layer 1 \(maxPool\) takes \[height/],
    ['a window that does not fit', withLayers([3, 3, 1], pool(4), dense(2)), /at least 4 × 4/],
    [
      'a reshape to another size',
      withLayers([6], { kind: 'reshape', shape: [2, 2] }, { kind: 'flatten' }, dense(2)),
      /layer 1 \(reshape\) takes 4 numbers, not \[6\]/,
    ],
    [
      'groups that do not divide the channels',
      withLayers(
        [2, 2, 6],
        { kind: 'groupNorm', groups: 4, activation: 'relu' },
        { kind: 'flatten' },
        dense(2),
      ),
      /multiple of 4 channels/,
    ],
    [
      'an embedding in the middle',
      withLayers(
        [4],
        dense(3),
        { kind: 'embedding', vocabulary: 5, units: 2 },
        { kind: 'flatten' },
        dense(2),
      ),
      /layer 2 \(embedding\) is not the first/,
    ],
    ['a GRU on a vector', withLayers([4], { kind: 'gru', units: 2 }, dense(2)), /takes \[length, features\]/],
    ['an image for an answer', withLayers([4, 4, 2], pool(2)), /last layer gives \[2, 2, 2\]/],
    ['one class', withLayers([4], dense(1)), /2 to 256 outputs, not 1/],
    ['257 classes', withLayers([4], dense(257)), /2 to 256 outputs, not 257/],
    [
      'two yes-or-no answers',
      { ...withLayers([4], dense(2)), loss: 'sigmoid-cross-entropy' },
      /one output, not 2/,
    ],
    [
      'more numbers than a device holds',
      withLayers([65_536, 512], { kind: 'flatten' }, dense(2)),
      /layer 1 \(flatten\) gives 33554432 numbers/,
    ],
  ])('with %s is refused', (_what, value, sentence) => {
    const read = readModel(value);
    expect(read.ok ? '' : read.fault).toMatch(sentence);
  });

  it('windows cover what tfjs says they do: ⌈n / stride⌉ with "same", ⌊(n - window) / stride⌋ + 1 with "valid"', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 4 }),
        (side, window, stride) => {
          // Counted one by one: where a window begins.
          const begins = (padded: number) => {
            let count = 0;
            for (let at = 0; at + window <= padded; at += stride) count++;
            return count;
          };
          const same = Math.ceil(side / stride);
          const of = (padding: 'same' | 'valid') =>
            shapesThrough(
              [side, side, 1],
              [
                {
                  kind: 'conv2d',
                  filters: 3,
                  kernelSize: [window, window],
                  strides: [stride, stride],
                  padding,
                  activation: 'linear',
                },
              ],
            );
          const valid = of('valid');
          if (window > side) expect(valid.ok).toBe(false);
          else expect(valid.ok ? valid.value[1] : valid.fault).toEqual([begins(side), begins(side), 3]);
          expect(of('same')).toMatchObject({
            value: [
              [side, side, 1],
              [same, same, 3],
            ],
          });
        },
      ),
      { seed: 2 },
    );
  });
});

describe('examples for a model', () => {
  const model = withLayers([2], dense(3));
  const good = { count: 2, inputs: Float32Array.of(1, 2, 3, 4), labels: Uint8Array.of(0, 2) };
  const text = withLayers([2], { kind: 'embedding', vocabulary: 5, units: 2 }, { kind: 'gru', units: 3 });

  it('fit where widths, labels and indices do', () => {
    expect(examplesMisfit(model, good)).toBeNull();
    expect(examplesMisfit(text, good)).toBeNull();
  });

  it.each([
    [model, { ...good, count: 0 }, /no examples/],
    [model, { ...good, inputs: Float32Array.of(1, 2, 3, 4, 5, 6) }, /2 numbers an example, the data have 3/],
    [model, { ...good, labels: Uint8Array.of(0) }, /1 labels for 2 examples/],
    [model, { ...good, labels: Uint8Array.of(0, 3) }, /Example 2 has label 3, the model knows 0 to 2/],
    [text, { ...good, inputs: Float32Array.of(1, 2, 3, 5) }, /Example 2 has index 5, the model knows 0 to 4/],
    [text, { ...good, inputs: Float32Array.of(1, -1, 3, 4) }, /Example 1 has index -1/],
    [text, { ...good, inputs: Float32Array.of(1, 0.5, 3, 4) }, /Example 1 has index 0.5/],
    [text, { ...good, inputs: Float32Array.of(1, Number.NaN, 3, 4) }, /Example 1 has index NaN/],
  ])('do not fit otherwise (%#)', (specification, examples, sentence) => {
    expect(examplesMisfit(specification, examples)).toMatch(sentence);
  });
});
