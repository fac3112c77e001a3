import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Examples } from '../data/examples.ts';
import type { ModelSpecification } from '../tasks/model.ts';
import { evaluate } from './evaluation.ts';
import { startKernels } from './kernels/testing.ts';
import { areaUnderCurve } from './ranking.ts';
import { Tally } from './tally.ts';

beforeAll(startKernels);

/** Logits are the inputs themselves. */
const identity = (loss: ModelSpecification['loss'], units: number) => ({
  model: {
    version: 1,
    inputShape: [units],
    layers: [{ kind: 'dense', units, activation: 'linear' }],
    loss,
  } satisfies ModelSpecification,
  parameters: Float32Array.from({ length: units * (units + 1) }, (_, i) =>
    Number(i < units * units && i % (units + 1) === 0),
  ),
});

function examplesOf(rows: readonly (readonly [number, readonly number[]])[]): Examples {
  return {
    count: rows.length,
    inputs: Float32Array.from(rows.flatMap(([, inputs]) => inputs)),
    labels: Uint8Array.from(rows, ([label]) => label),
  };
}

describe('an evaluation', () => {
  const { model, parameters } = identity('softmax-cross-entropy', 3);

  it('counts by label and prediction', async () => {
    const examples = examplesOf([
      [0, [2, 0, 0]],
      [0, [0, 1, 0]],
      [1, [0, 3, 1]],
      [2, [0, 0, 1]],
      [2, [5, 0, 1]],
      [2, [5, 0, 4]],
    ]);
    const { accuracy, detail } = await evaluate(model, parameters, examples);
    expect(accuracy).toBe(3 / 6);
    expect(detail).toEqual({
      classes: [
        { examples: 2, predicted: 3, right: 1 },
        { examples: 1, predicted: 2, right: 1 },
        { examples: 3, predicted: 1, right: 1 },
      ],
      confusion: { label: 2, predicted: 0, count: 2 },
      auc: null,
    });
  });

  it('of 1,201 examples is the mean over them all, not over batches, in three with a break after each', async () => {
    const rows: [number, number[]][] = Array.from({ length: 1_201 }, (_, i) => {
      const label = i % 3;
      return [label, [0, 1, 2].map((unit) => Number(unit === label))];
    });
    // The last one, alone in its batch of 201, is sure of the wrong class.
    rows[1_200] = [1, [50, 0, 0]];
    const right = Math.log(Math.E + 2) - 1;
    let breaks = 0;
    const tensors = tf.memory().numTensors;
    const yieldThread = async () => void breaks++;
    const evaluation = await evaluate(model, parameters, examplesOf(rows), { yieldThread });
    expect(breaks).toBe(3);
    expect(evaluation.loss).toBeCloseTo((1_200 * right + 50) / 1_201, 5);
    expect(evaluation.accuracy).toBe(1_200 / 1_201);
    expect(await evaluate(model, parameters, examplesOf(rows))).toEqual(evaluation);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('ends after the batch in hand when it is cancelled', async () => {
    const controller = new AbortController();
    const rows = Array.from({ length: 1_500 }, () => [0, [1, 0, 0]] as const);
    let breaks = 0;
    const yieldThread = async () => {
      breaks++;
      controller.abort();
    };
    const tensors = tf.memory().numTensors;
    const cancelled = evaluate(model, parameters, examplesOf(rows), {
      yieldThread,
      signal: controller.signal,
    });
    await expect(cancelled).rejects.toThrow(/abort/);
    expect(breaks).toBe(1);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('of one logit calls what is above 0 class 1, and ranks', async () => {
    const binary = identity('sigmoid-cross-entropy', 1);
    const examples = examplesOf([
      [1, [2]],
      [0, [1]],
      [1, [-1]],
      [0, [-2]],
      [1, [3]],
    ]);
    expect(await evaluate(binary.model, binary.parameters, examples)).toMatchObject({
      accuracy: 3 / 5,
      detail: {
        classes: [
          { examples: 2, predicted: 2, right: 1 },
          { examples: 3, predicted: 3, right: 2 },
        ],
        // Of six pairs, all but (-1, 1).
        auc: 5 / 6,
      },
    });
  });

  it('of two logits ranks by their difference', async () => {
    const binary = identity('softmax-cross-entropy', 2);
    const examples = examplesOf([
      [1, [5, 6]],
      [0, [9, 9.5]],
      [1, [-4, 0]],
    ]);
    expect((await evaluate(binary.model, binary.parameters, examples)).detail?.auc).toBe(1);
  });

  it('of numbers is right where the label is the nearest one', async () => {
    const numbers = identity('mse', 1);
    const examples = examplesOf([
      [200, [199.75]],
      [3, [5]],
    ]);
    expect(await evaluate(numbers.model, numbers.parameters, examples)).toEqual({
      accuracy: 0.5,
      loss: (0.0625 + 4) / 2,
      detail: null,
    });
  });
});

describe('the area under the curve', () => {
  const scoresAndLabels = fc.array(
    fc.tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: 0, max: 1 })),
    {
      maxLength: 40,
    },
  );

  it('is the share of pairs in the right order, ties counting half', () => {
    fc.assert(
      fc.property(scoresAndLabels, (examples) => {
        const of = (wanted: number) =>
          examples.filter(([, label]) => label === wanted).map(([score]) => score);
        const pairs = of(1).flatMap((positive) =>
          of(0).map((negative) => (Math.sign(positive - negative) + 1) / 2),
        );
        const expected =
          pairs.length === 0 ? null : pairs.reduce((sum, pair) => sum + pair, 0) / pairs.length;
        const actual = areaUnderCurve(
          examples.map(([score]) => score),
          examples.map(([, label]) => label),
        );
        if (expected === null) expect(actual).toBeNull();
        else expect(actual).toBeCloseTo(expected, 12);
      }),
      { seed: 1 },
    );
  });

  it('is nothing where a score is not a number, and takes infinite ones', () => {
    expect(areaUnderCurve([Number.NaN, 1], [0, 1])).toBeNull();
    expect(areaUnderCurve([-Infinity, Infinity, Infinity], [0, 1, 0])).toBe(0.75);
  });
});

describe('a tally', () => {
  it('of outputs that are not numbers is right of none but by chance of the first class', () => {
    const tally = new Tally('softmax-cross-entropy', 2);
    tally.add(new Float32Array(4).fill(Number.NaN), Uint8Array.of(0, 1), Number.NaN);
    expect(tally.result()).toEqual({
      accuracy: 0.5,
      loss: Number.NaN,
      detail: {
        classes: [
          { examples: 1, predicted: 2, right: 1 },
          { examples: 1, predicted: 0, right: 0 },
        ],
        confusion: { label: 1, predicted: 0, count: 1 },
        auc: null,
      },
    });
  });
});
