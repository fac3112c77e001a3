import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { fitsRing } from '../numeric/quantize.ts';
import { findTask, TASKS } from './catalogue.ts';
import { initialParameters } from './initial.ts';
import { layoutOf, parameterCount } from './layout.ts';
import { mnistTask } from './mnist.ts';
import { bytesOfParameters, modelHashOf, parametersOfBytes } from './parameters.ts';
import { runSettings } from './run.ts';
import { federatedAverage } from './strategy.ts';
import { task } from './task.ts';

describe('tasks that ship', () => {
  it('meet the schema that tabs check them with', () => {
    for (const shipped of TASKS) expect(v.parse(task, structuredClone(shipped))).toEqual(shipped);
  });

  it('count weights that the lane of a weight holds, whatever a participant of three has', () => {
    /** Examples in the largest of three shards. */
    const largest = { mnist: 20_000, penguins: 134, spam: 1_600, speeches: 45_000 };
    for (const { data, weightMax, quantization } of TASKS) {
      expect(weightMax).toBeGreaterThanOrEqual(largest[data.dataset]);
      expect(fitsRing({ ...quantization, weightMax, invited: 1_000 })).toBe(true);
    }
  });

  it('of a data set that no recipe makes, or of a model of another version, are refused', () => {
    const refused = (change: object) =>
      v.safeParse(task, { ...structuredClone(mnistTask), ...change }).issues;
    expect(refused({})).toBeUndefined();
    expect(refused({ data: { ...mnistTask.data, dataset: 'cifar' } })?.[0].message).toMatch(/"cifar"/);
    expect(refused({ model: { ...mnistTask.model, version: 2 } })?.[0].message).toMatch(/of version 2/);
  });

  it('are found by id, and an unknown id names those that are known', () => {
    expect(findTask('mnist')).toEqual({ ok: true, value: mnistTask });
    expect(findTask('cifar')).toEqual({
      ok: false,
      fault:
        'There is no task "cifar". Known tasks: mnist, mnist-softmax, mnist-cnn-small, mnist-cnn, penguins, ' +
        'penguins-logistic, spam, speeches.',
    });
  });
});

describe('the layout of a model', () => {
  it('McMahan’s 2NN has 199,210 parameters, kernel before bias, without gaps', () => {
    expect(parameterCount(mnistTask.model)).toBe(199_210);
    let next = 0;
    for (const { offset, size } of layoutOf(mnistTask.model)) {
      expect(offset).toBe(next);
      next += size;
    }
    expect(layoutOf(mnistTask.model).map(({ shape }) => shape)).toEqual([
      [784, 200],
      [200],
      [200, 200],
      [200],
      [200, 10],
      [10],
    ]);
  });
});

describe('the model a run starts from', () => {
  const parameters = initialParameters(mnistTask.model, 1);

  it('is the same for the same seed, another for another', () => {
    expect(initialParameters(mnistTask.model, 1)).toEqual(parameters);
    expect(modelHashOf(bytesOfParameters(initialParameters(mnistTask.model, 2)))).not.toBe(
      modelHashOf(bytesOfParameters(parameters)),
    );
  });

  it('draws kernels uniformly within Glorot’s limit and leaves biases at zero', () => {
    for (const { shape, offset, size } of layoutOf(mnistTask.model)) {
      const values = parameters.subarray(offset, offset + size);
      const [inputs = 0, units] = shape;
      if (units === undefined) {
        expect(values.every((value) => value === 0)).toBe(true);
        continue;
      }
      const limit = Math.sqrt(6 / (inputs + units));
      const variance = values.reduce((sum, value) => sum + value * value, 0) / size;
      expect(values.every((value) => Math.abs(value) <= limit)).toBe(true);
      // A uniform variance is limit²/3; its estimate from `size` draws has a relative deviation of √(0.8/size).
      expect(Math.abs(variance / (limit ** 2 / 3) - 1)).toBeLessThan(5 * Math.sqrt(0.8 / size));
    }
  });
});

describe('a model’s bytes', () => {
  const parameters = Float32Array.of(1.5, -2, 0.25);
  const bytes = bytesOfParameters(parameters);
  const hash = modelHashOf(bytes);

  it('come back as the same numbers', () => {
    expect(parametersOfBytes(bytes, hash, 3)).toEqual({ ok: true, value: parameters });
    expect([...bytes.subarray(0, 4)]).toEqual([0, 0, 0xc0, 0x3f]);
  });

  it('cut short, or of another model, are refused', () => {
    expect(parametersOfBytes(bytes.subarray(0, 8), hash, 3)).toMatchObject({
      ok: false,
      fault: /8 bytes instead of 12/,
    });
    const other = Uint8Array.from(bytes, (byte, i) => (i === 5 ? byte ^ 1 : byte));
    expect(parametersOfBytes(other, hash, 3)).toMatchObject({ ok: false, fault: /hash/ });
  });
});

describe('federated averaging', () => {
  it('adds the mean update: 1 + 0.5 and −2 − 1', () => {
    expect(federatedAverage(Float32Array.of(1, -2), Float32Array.of(0.5, -1))).toEqual({
      ok: true,
      value: Float32Array.of(1.5, -3),
    });
  });

  it('refuses a model that is not finite', () => {
    expect(federatedAverage(Float32Array.of(3e38), Float32Array.of(3e38)).ok).toBe(false);
  });
});

describe('the settings of a run', () => {
  const settings = { taskId: 'mnist', clients: 3, rounds: 1 };

  it('fill what is left out', () => {
    expect(v.parse(runSettings, settings)).toMatchObject({
      minCohort: 3,
      seed: 1,
      durationsMs: { training: 120_000 },
    });
  });

  it.each([
    [{ clients: 2 }, /clients: at least 3/],
    [{ clients: 1_001 }, /clients: at most 1000/],
    [{ minCohort: 2 }, /minCohort: at least 3/],
    [{ rounds: 0 }, /rounds: at least 1/],
    [{ clients: 3.5 }, /integer/],
    [{ training: { epochs: 1, batchSize: 32, learningRate: 0, optimizer: { kind: 'sgd' } } }, /./],
    [{ training: { epochs: 1, batchSize: 32, learningRate: Number.NaN, optimizer: { kind: 'sgd' } } }, /./],
    [{ surprise: 1 }, /surprise/],
  ])('%j is refused', (change, sentence) => {
    const parsed = v.safeParse(runSettings, { ...settings, ...change });
    expect(parsed.success ? '' : `${v.getDotPath(parsed.issues[0])} ${parsed.issues[0].message}`).toMatch(
      sentence,
    );
  });
});
