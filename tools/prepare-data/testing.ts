/** Prepared folders as participants load them, and a plain softmax regression to see what the data can teach. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { permutation, seededRandom } from '#shared/base/random.ts';
import { fail, ok } from '#shared/base/result.ts';
import { examplesOfChunk, type Examples } from '#shared/data/examples.ts';
import { datasetManifest, type DatasetManifest } from '#shared/data/manifest.ts';
import { loadShard, type ShardReference } from '#shared/data/shards.ts';
import { readJson } from './package-files.ts';

export const readManifest = (folder: string): DatasetManifest =>
  v.parse(datasetManifest, readJson(join(folder, 'manifest.json')));

export async function trainExamples(
  folder: string,
  shard: ShardReference = { index: 0, of: 1 },
): Promise<Examples> {
  const loaded = await loadShard(
    shard,
    {
      fetchBytes: async (path) =>
        existsSync(join(folder, path)) ? ok(readFileSync(join(folder, path))) : fail(`no ${path}`),
      kept: async () => undefined,
      keep: async () => ok(undefined),
    },
    () => {},
  );
  if (!loaded.ok) throw new Error(loaded.fault.detail);
  return loaded.value;
}

export function testExamples(folder: string): Examples {
  const manifest = readManifest(folder);
  const test = examplesOfChunk(readFileSync(join(folder, manifest.test.file)), manifest.test, manifest);
  if (!test.ok) throw new Error(test.fault);
  return test.value;
}

export interface Descent {
  readonly classes: number;
  readonly epochs: number;
  readonly learningRate: number;
}

/** Kernel [classes, width] and bias [classes]. */
export interface Regression {
  readonly kernel: readonly Float64Array[];
  readonly bias: Float64Array;
}

/** Softmax regression by SGD, one example at a time, from zero; the order by a fixed seed. */
export function regress(examples: Examples, { classes, epochs, learningRate }: Descent): Regression {
  const width = examples.inputs.length / examples.count;
  const model: Regression = {
    kernel: Array.from({ length: classes }, () => new Float64Array(width)),
    bias: new Float64Array(classes),
  };
  const random = seededRandom('regression');
  for (let epoch = 0; epoch < epochs; epoch++)
    for (const example of permutation(random, examples.count)) {
      const inputs = examples.inputs.subarray(example * width, (example + 1) * width);
      const slopes = probabilities(model, inputs);
      const label = examples.labels[example] as number;
      slopes[label] = (slopes[label] as number) - 1;
      model.kernel.forEach((row, output) => {
        const step = learningRate * (slopes[output] as number);
        for (let i = 0; i < width; i++) row[i] = (row[i] as number) - step * (inputs[i] as number);
        model.bias[output] = (model.bias[output] as number) - step;
      });
    }
  return model;
}

/** 0..1 */
export function accuracyOf(model: Regression, examples: Examples): number {
  const width = examples.inputs.length / examples.count;
  let correct = 0;
  examples.labels.forEach((label, example) => {
    const outputs = probabilities(model, examples.inputs.subarray(example * width, (example + 1) * width));
    if (outputs.indexOf(Math.max(...outputs)) === label) correct++;
  });
  return correct / examples.count;
}

function probabilities({ kernel, bias }: Regression, inputs: Float32Array): Float64Array {
  const logits = Float64Array.from(kernel, (row, output) => {
    let sum = bias[output] as number;
    for (let i = 0; i < row.length; i++) sum += (row[i] as number) * (inputs[i] as number);
    return sum;
  });
  const highest = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - highest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
