/** One digest over every kernel's results, pinned: the same bits in Node and in a tab, today and tomorrow. */
import { sha256 } from '@noble/hashes/sha2.js';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { bytesToHex } from '../../base/bytes.ts';
import { compute, operand, type Operand } from './testing.ts';

const CONVOLUTION = {
  strides: [1, 1],
  pad: 'same',
  dataFormat: 'NHWC',
  dilations: 1,
  inputShape: [3, 14, 13, 6],
  filterShape: [5, 4, 6, 11],
};
const DEPTHWISE = {
  strides: [2, 2],
  dilations: [1, 1],
  pad: 'same',
  inputShape: [2, 9, 8, 7],
  filterShape: [3, 3, 7, 2],
};

/** Each kernel once, at sizes that leave remainders: operands' shapes and attributes. */
const CALLS: readonly [string, Record<string, number[]>, tf.NamedAttrMap][] = [
  ['BatchMatMul', { a: [1, 33, 70], b: [1, 70, 21] }, { transposeA: false, transposeB: false }],
  ['BatchMatMul', { a: [1, 70, 33], b: [1, 21, 70] }, { transposeA: true, transposeB: true }],
  [
    '_FusedMatMul',
    { a: [1, 9, 40], b: [1, 40, 10], bias: [10] },
    { transposeA: false, transposeB: false, activation: 'relu' },
  ],
  ['Conv2D', { x: [3, 14, 13, 6], filter: [5, 4, 6, 11] }, CONVOLUTION],
  ['Conv2DBackpropInput', { dy: [3, 14, 13, 11], filter: [5, 4, 6, 11] }, CONVOLUTION],
  ['Conv2DBackpropFilter', { x: [3, 14, 13, 6], dy: [3, 14, 13, 11] }, CONVOLUTION],
  ['DepthwiseConv2dNativeBackpropInput', { dy: [2, 5, 4, 14], filter: [3, 3, 7, 2] }, DEPTHWISE],
  ['DepthwiseConv2dNativeBackpropFilter', { x: [2, 9, 8, 7], dy: [2, 5, 4, 14] }, DEPTHWISE],
  ['Sum', { x: [300, 13] }, { axis: [0], keepDims: false }],
];

const DIGEST = 'c12b75eb117a746a66dfdc5ab4461f081efa1afd6221efcd4ac1447e6a7ff2e0';

/** The backend must be started. */
export function sameBitsSuite(): void {
  it('every kernel gives the pinned bits', async () => {
    const digest = sha256.create();
    for (const [kernelName, shapes, attrs] of CALLS) {
      const inputs: Record<string, Operand> = {};
      for (const [name, shape] of Object.entries(shapes)) inputs[name] = operand(name, shape);
      const { values } = await compute('wasm', kernelName, inputs, attrs);
      expect(values.every(Number.isFinite)).toBe(true);
      digest.update(new Uint8Array(values.buffer));
    }
    expect(bytesToHex(digest.digest())).toBe(DIGEST);
  });

  it('leaves the heap as large as it was, however often it runs', () => {
    const sizes = () => {
      const wasm: unknown = Reflect.get(tf.backend(), 'wasm');
      const heap: unknown = typeof wasm === 'object' && wasm !== null ? Reflect.get(wasm, 'HEAPU8') : null;
      if (!(heap instanceof Uint8Array)) throw new Error('the backend shows its heap');
      return [heap.byteLength, tf.memory().numBytes];
    };
    const [x, dy] = [tf.zeros([8, 28, 28, 64]), tf.zeros([8, 28, 28, 1])];
    const attrs = { ...CONVOLUTION, filterShape: [3, 3, 64, 1] };
    const run = () => tf.engine().runKernel<tf.Tensor>('Conv2DBackpropFilter', { x, dy }, attrs).dispose();
    run();
    const before = sizes();
    // Leaking its scratch of 1.8 MB each, this would need 180 MB.
    for (let i = 0; i < 100; i++) run();
    expect(sizes()).toEqual(before);
    tf.dispose([x, dy]);
  });
}
