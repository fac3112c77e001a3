import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { descend } from './descend.ts';
import { operand, startKernels } from './testing.ts';

beforeAll(startKernels);

const SHAPE = [3, 7];

function stepped(): Float32Array {
  const [start, gradient] = [operand('start', SHAPE), operand('gradient', SHAPE)];
  const initial = tf.tensor(start.values, SHAPE);
  const variable = tf.variable(initial);
  initial.dispose();
  const direction = tf.tensor(gradient.values, SHAPE);
  descend(variable, direction, 0.375);
  const values = variable.dataSync<'float32'>().slice();
  tf.dispose([variable, direction]);
  return values;
}

describe('a descent', () => {
  it('subtracts the gradient times the rate, on wasm as on cpu, and leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const [start, gradient] = [operand('start', SHAPE), operand('gradient', SHAPE)];
    const expected = start.values.map((value, i) => value - 0.375 * (gradient.values[i] ?? Number.NaN));
    expect(stepped()).toEqual(expected);
    expect(tf.memory().numTensors).toBe(before);
    await tf.setBackend('cpu');
    try {
      expect(stepped()).toEqual(expected);
    } finally {
      await tf.setBackend('wasm');
    }
  });

  it('leaves a clone of the variable as it was', () => {
    const variable = tf.variable(tf.tensor1d([1, 2, 3, 4, 5]));
    const kept = tf.clone(variable);
    descend(variable, tf.ones([5]), 1);
    expect([...kept.dataSync()]).toEqual([1, 2, 3, 4, 5]);
    expect([...variable.dataSync()]).toEqual([0, 1, 2, 3, 4]);
    const reshaped = tf.reshape(variable, [5, 1]);
    descend(variable, tf.ones([5]), 1);
    expect([...reshaped.dataSync()]).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('a clone on wasm', () => {
  it('shares the data until the last holder is gone', () => {
    const first = tf.tensor1d([1, 2, 3]);
    const second = tf.clone(first);
    expect(second.dataId).toBe(first.dataId);
    first.dispose();
    expect([...second.dataSync()]).toEqual([1, 2, 3]);
    const before = tf.memory().numDataBuffers;
    second.dispose();
    expect(tf.memory().numDataBuffers).toBe(before - 1);
  });
});
