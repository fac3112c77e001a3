import fc from 'fast-check';
import { backend_util } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { compute, dot, expectAgreement, operand, startKernels, type Operand } from './testing.ts';

beforeAll(startKernels);

type Four = [number, number, number, number];

const small = (max: number) => fc.integer({ min: 1, max });
type Pad = 'same' | 'valid' | [[number, number], [number, number], [number, number], [number, number]];

const pads: fc.Arbitrary<Pad> = fc.oneof(
  fc.constantFrom<Pad>('same', 'valid'),
  fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)).map(([top, bottom, left, right]): Pad => [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]),
);
const NO_PADDING = [
  [0, 0],
  [0, 0],
] as const;

const cases = fc
  .record({
    images: small(3),
    height: small(11),
    width: small(11),
    ins: small(6),
    outs: small(18),
    filterHeight: small(5),
    filterWidth: small(5),
    strides: fc.tuple(small(3), small(3)),
    pad: pads,
  })
  .map(({ images, height, width, ins, outs, filterHeight, filterWidth, strides, pad }) => {
    const inputShape: Four = [images, height, width, ins];
    const filterShape: Four = [filterHeight, filterWidth, ins, outs];
    const attrs = { strides, pad, dataFormat: 'NHWC', dilations: 1, inputShape, filterShape };
    return { inputShape, filterShape, attrs };
  })
  .filter(({ inputShape: [, height, width], filterShape: [filterHeight, filterWidth], attrs: { pad } }) => {
    if (pad === 'same') return true;
    const [[top, bottom], [left, right]] = pad === 'valid' ? NO_PADDING : [pad[1], pad[2]];
    return filterHeight <= height + top + bottom && filterWidth <= width + left + right;
  });

type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

function gradientAt({ inputShape, filterShape, attrs }: Case): Operand {
  const { outShape } = backend_util.computeConv2DInfo(inputShape, filterShape, attrs.strides, 1, attrs.pad);
  return operand('dy', outShape);
}

/** Terms in one sum of a filter's gradient or of an output, whichever are more. */
const termsOf = ({ filterShape: [height, width, ins, outs] }: Case, dy: Operand) =>
  Math.max(height * width * Math.max(ins, outs), dy.values.length / outs);

describe('convolution on wasm', () => {
  it('Conv2D, Conv2DBackpropInput and Conv2DBackpropFilter agree with cpu for any shape, stride and padding', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (chosen) => {
        const x = operand('x', chosen.inputShape);
        const filter = operand('filter', chosen.filterShape);
        const dy = gradientAt(chosen);
        const terms = termsOf(chosen, dy);
        await expectAgreement('Conv2D', { x, filter }, chosen.attrs, terms);
        await expectAgreement('Conv2DBackpropInput', { dy, filter }, chosen.attrs, terms);
        await expectAgreement('Conv2DBackpropFilter', { x, dy }, chosen.attrs, terms);
      }),
      { seed: 2, numRuns: 150 },
    );
  });

  it('the gradients are the finite differences, which are exact since the convolution is bilinear', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (chosen) => {
        const { inputShape, filterShape, attrs } = chosen;
        const x = operand('x', inputShape);
        const filter = operand('filter', filterShape);
        const dy = gradientAt(chosen);
        const [alongX, alongFilter] = [operand('along x', inputShape), operand('along filter', filterShape)];
        const lossAt = async (image: Operand, taps: Operand) =>
          dot(dy, await compute('wasm', 'Conv2D', { x: image, filter: taps }, attrs));
        const plus = (a: Operand, b: Operand): Operand => ({
          shape: a.shape,
          values: Float32Array.from(a.values, (value, i) => value + (b.values[i] ?? Number.NaN)),
        });
        const loss = await lossAt(x, filter);
        const dx = await compute('wasm', 'Conv2DBackpropInput', { dy, filter }, attrs);
        const gradient = await compute('wasm', 'Conv2DBackpropFilter', { x, dy }, attrs);
        expect((await lossAt(plus(x, alongX), filter)) - loss).toBeCloseTo(dot(dx, alongX), 2);
        expect((await lossAt(x, plus(filter, alongFilter))) - loss).toBeCloseTo(
          dot(gradient, alongFilter),
          2,
        );
      }),
      { seed: 3, numRuns: 40 },
    );
  });

  it('a dilated Conv2D agrees with cpu', async () => {
    const inputs = { x: operand('x', [2, 9, 8, 3]), filter: operand('filter', [3, 2, 3, 5]) };
    const attrs = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', dilations: [2, 3] };
    await expectAgreement('Conv2D', inputs, attrs, 18);
    await expectAgreement('FusedConv2D', inputs, { ...attrs, activation: 'relu' }, 18);
  });

  it.each(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'])(
    'FusedConv2D agrees with cpu for %s',
    async (activation) => {
      const weights = activation === 'prelu' ? { preluActivationWeights: operand('weights', [10]) } : {};
      const inputs = {
        x: operand('x', [2, 7, 6, 3]),
        filter: operand('filter', [3, 2, 3, 10]),
        bias: operand('bias', [10]),
        ...weights,
      };
      const attrs = {
        strides: [2, 1],
        pad: 'same',
        dataFormat: 'NHWC',
        dilations: 1,
        activation,
        leakyreluAlpha: 0.25,
      };
      await expectAgreement('FusedConv2D', inputs, attrs, 19);
    },
  );

  it('refuses channels that do not come last', async () => {
    const inputs = { x: operand('x', [1, 2, 5, 5]), filter: operand('filter', [3, 3, 2, 2]) };
    const attrs = { strides: [1, 1], pad: 'same', dataFormat: 'NCHW', dilations: 1 };
    await expect(compute('wasm', 'Conv2D', inputs, attrs)).rejects.toThrow(/channels last/);
  });
});
