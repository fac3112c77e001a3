import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examplesOfChunk } from '#shared/data/examples.ts';
import { datasetManifest, type DatasetManifest } from '#shared/data/manifest.ts';
import { chunksOfShard } from '#shared/data/shards.ts';
import { prepareFolder } from './dataset-folder.ts';
import { mnistRecipe } from './mnist.ts';

let around: string;
let folder: string;
let manifest: DatasetManifest;

beforeAll(() => {
  around = mkdtempSync(join(tmpdir(), 'chorale-prepare-'));
  folder = join(around, 'mnist');
  prepareFolder(folder, mnistRecipe);
  manifest = v.parse(datasetManifest, JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')));
}, 60_000);

afterAll(() => rmSync(around, { recursive: true }));

const read = (file: string) => new Uint8Array(readFileSync(join(folder, file)));
const when = (file: string) => statSync(join(folder, file), { bigint: true }).mtimeNs;

// Each cut writes 55 MB.
describe('the prepared digits', { timeout: 60_000 }, () => {
  it('are 60,000 for training in 120 chunks, and 10,000 for the test in their own order', () => {
    expect(manifest.train.map(({ examples }) => examples)).toEqual(Array.from({ length: 120 }, () => 500));
    expect(manifest.inputBytes).toBe(784);
    const test = examplesOfChunk(read(manifest.test.file), manifest.test, manifest);
    expect(test.ok && test.value.count).toBe(10_000);
    expect(test.ok && [...test.value.labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
  });

  it('are all of MNIST, each class as often as published, and alike in every shard of eight', () => {
    const classes = Array.from({ length: 8 }, (_, index) => {
      const counts = Array.from({ length: 10 }, () => 0);
      for (const chunk of chunksOfShard(120, { index, of: 8 })) {
        const entry = manifest.train[chunk];
        if (!entry) throw new Error(`no chunk ${chunk}`);
        const labels = read(entry.file).subarray(entry.examples * manifest.inputBytes);
        for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
      }
      return counts;
    });
    const totals = classes.reduce((sum, counts) => sum.map((count, label) => count + (counts[label] ?? 0)));
    expect(totals).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    // A class in a shard of 7,500: at most √(7500 · 0.1 · 0.9) = 26 of deviation; five of them.
    for (const counts of classes)
      for (const [label, count] of counts.entries())
        expect(Math.abs(count - (totals[label] ?? 0) / 8)).toBeLessThan(135);
  });

  it('are left alone where they are whole', () => {
    const before = when('manifest.json');
    prepareFolder(folder, mnistRecipe);
    expect(when('manifest.json')).toBe(before);
  });

  it.each([
    [
      'a chunk with one byte changed',
      () => writeFileSync(join(folder, 'train-007.bin'), read('train-007.bin').with(9, 1)),
    ],
    ['a missing chunk', () => rmSync(join(folder, 'train-119.bin'))],
    ['a list cut short', () => writeFileSync(join(folder, 'manifest.json'), '{"version":1')],
    ['another recipe', () => writeFileSync(join(folder, 'recipe.txt'), '0: another')],
  ])('%s is made good, with nothing left beside', (_what, damage) => {
    damage();
    prepareFolder(folder, mnistRecipe);
    for (const chunk of [...manifest.train, manifest.test])
      expect(createHash('sha256').update(read(chunk.file)).digest('hex')).toBe(chunk.sha256);
    expect(readdirSync(around)).toEqual(['mnist']);
  });
});
