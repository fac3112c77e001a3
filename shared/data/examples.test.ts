import { sha256 } from '@noble/hashes/sha2.js';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { bytesToHex, utf8ToBytes } from '../base/bytes.ts';
import { ok } from '../base/result.ts';
import { chunkProblem, examplesOfChunk } from './examples.ts';
import { datasetManifest, type DatasetManifest } from './manifest.ts';
import { loadShard } from './shards.ts';

const entryOf = (file: string, examples: number, bytes: Uint8Array) => ({
  file,
  examples,
  sha256: bytesToHex(sha256(bytes)),
});

/** A data set of one chunk, which is its test, too. */
function dataset(
  bytes: Uint8Array,
  examples: number,
  rest: Pick<DatasetManifest, 'inputBytes' | 'encoding'>,
) {
  const entry = { ...entryOf('train-000.bin', examples, bytes), client: 'Torgersen' };
  const manifest: DatasetManifest = {
    version: 1,
    dataset: 'tiny',
    classes: 2,
    train: [entry],
    test: entry,
    ...rest,
  };
  return { entry, manifest };
}

const floats = (...numbers: number[]) => {
  const bytes = new Uint8Array(4 * numbers.length);
  numbers.forEach((number, i) => new DataView(bytes.buffer).setFloat32(4 * i, number, true));
  return bytes;
};

describe('examples of a chunk', () => {
  it.each([
    ['float32', 8, [...floats(1.5, -2, 0, 4), 1, 0], [1.5, -2, 0, 4]],
    ['indices', 2, [3, 49, 0, 1, 1, 0], [3, 49, 0, 1]],
    ['presence', 1, [0b10, 0b1111, 1, 0], [0, 1, 0, 0, 0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0]],
  ] as const)(
    'are read as %s, by the shard and as a test set',
    async (encoding, inputBytes, bytes, inputs) => {
      const chunk = Uint8Array.from(bytes);
      const { entry, manifest } = dataset(chunk, 2, { inputBytes, encoding });
      const expected = { count: 2, inputs: Float32Array.from(inputs), labels: Uint8Array.of(1, 0) };
      expect(examplesOfChunk(chunk, entry, manifest)).toEqual(ok(expected));
      const files: Record<string, Uint8Array> = {
        'manifest.json': utf8ToBytes(JSON.stringify(manifest)),
        'train-000.bin': chunk,
      };
      const ports = {
        fetchBytes: async (path: string) => ok(files[path] ?? new Uint8Array()),
        kept: async () => undefined,
        keep: async () => ok(undefined),
      };
      expect(await loadShard({ index: 0, of: 1 }, ports, () => {})).toEqual(ok(expected));
    },
  );

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('are refused where one is %d', (number) => {
    const chunk = Uint8Array.from([...floats(1, number), 0]);
    const { entry, manifest } = dataset(chunk, 1, { inputBytes: 8, encoding: 'float32' });
    expect(chunkProblem(chunk, entry, manifest)).toBe('train-000.bin holds a number that is not finite');
  });
});

describe('the manifest', () => {
  const { manifest } = dataset(new Uint8Array(3), 1, { inputBytes: 2, encoding: 'indices' });
  it.each([
    ['rows of float32 with a part of a number', { inputBytes: 6, encoding: 'float32' }, /no whole number/],
    ['an encoding that is none', { encoding: 'zip' }, /"zip"/],
    ['more classes than a byte holds', { classes: 257 }, /256/],
    ['a client without a name', { test: { ...manifest.test, client: '' } }, /length/],
  ])('rejects %s', (_what, changes, sentence) => {
    const parsed = v.safeParse(datasetManifest, { ...manifest, ...changes });
    expect(parsed.issues?.map(({ message }) => message).join()).toMatch(sentence);
  });
});
