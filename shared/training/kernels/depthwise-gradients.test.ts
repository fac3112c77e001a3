import fc from 'fast-check';
import { backend_util } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { compute, dot, expectAgreement, operand, startKernels } from './testing.ts';

beforeAll(startKernels);

type Four = [number, number, number, number];

const small = (max: number) => fc.integer({ min: 1, max });
const cases = fc
  .record({
    images: small(2),
    height: small(9),
    width: small(9),
    ins: small(9),
    multiplier: small(3),
    filterHeight: small(3),
    filterWidth: small(3),
    strides: fc.tuple(small(3), small(3)),
    dilations: fc.tuple(small(3), small(3)),
    pad: fc.constantFrom('same' as const, 'valid' as const),
  })
  .filter(
    // tfjs has no stride together with a dilation.
    ({ height, width, filterHeight, filterWidth, strides, dilations, pad }) =>
      Math.min(Math.max(...strides), Math.max(...dilations)) === 1 &&
      (pad === 'same' ||
        ((filterHeight - 1) * dilations[0] < height && (filterWidth - 1) * dilations[1] < width)),
  );

describe('depthwise gradients on wasm', () => {
  it('are the finite differences for any shape, stride, dilation, padding and multiplier, exact since bilinear; and agree with cpu without dilation', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (chosen) => {
        const { strides, dilations, pad } = chosen;
        const inputShape: Four = [chosen.images, chosen.height, chosen.width, chosen.ins];
        const filterShape: Four = [chosen.filterHeight, chosen.filterWidth, chosen.ins, chosen.multiplier];
        const attrs = { strides, dilations, pad, inputShape, filterShape };
        const { outShape } = backend_util.computeConv2DInfo(
          inputShape,
          filterShape,
          strides,
          dilations,
          pad,
          undefined,
          true,
        );
        const [x, filter, dy] = [
          operand('x', inputShape),
          operand('filter', filterShape),
          operand('dy', outShape),
        ];
        const dx = await compute('wasm', 'DepthwiseConv2dNativeBackpropInput', { dy, filter }, attrs);
        const gradient = await compute('wasm', 'DepthwiseConv2dNativeBackpropFilter', { x, dy }, attrs);
        // In each argument the convolution is linear: the difference along v is the convolution of v.
        const alongX = operand('along x', inputShape);
        const alongFilter = operand('along filter', filterShape);
        const moved = await compute('cpu', 'DepthwiseConv2dNative', { x: alongX, filter }, attrs);
        const turned = await compute('cpu', 'DepthwiseConv2dNative', { x, filter: alongFilter }, attrs);
        expect(dx.shape).toEqual(inputShape);
        expect(gradient.shape).toEqual(filterShape);
        expect(dot(dx, alongX)).toBeCloseTo(dot(dy, moved), 3);
        expect(dot(gradient, alongFilter)).toBeCloseTo(dot(dy, turned), 3);
        // With a dilation the gradients of tfjs's cpu backend ignore it.
        if (Math.max(...dilations) > 1) return;
        const terms = dy.values.length;
        await expectAgreement('DepthwiseConv2dNativeBackpropInput', { dy, filter }, attrs, terms);
        await expectAgreement('DepthwiseConv2dNativeBackpropFilter', { x, dy }, attrs, terms);
      }),
      { seed: 4, numRuns: 120 },
    );
  });
});
