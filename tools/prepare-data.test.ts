import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from './prepare-data/testing.ts';
import { prepareData } from './prepare-data.ts';

/** SHA-256 of each data set's manifest. */
const MANIFESTS = {
  mnist: 'd462c113990003c92bed40785a982cb2aaca852785d069f70b0ab28a4c2949bd',
  penguins: 'f393c69cbdc62480660c27080b701c8df243634b659818f620c2b937ea3c07f5',
  spam: '7a688a930952dd7718e31f1754cea066d288bfa0d4eb00f7bae0c9ff0443d90a',
  speeches: 'd32055f7fa2e378faeb0cebbb36105b5cc01518d8836f6aff83e66bd06eeccb9',
};
const DATASETS = Object.keys(MANIFESTS);
let around: string;
beforeAll(() => {
  around = mkdtempSync(join(tmpdir(), 'chorale-prepare-all-'));
  prepareData(around);
}, 60_000);
afterAll(() => rmSync(around, { recursive: true }));

const bytesIn = (dataset: string) =>
  readdirSync(join(around, dataset)).reduce(
    (sum, file) => sum + statSync(join(around, dataset, file)).size,
    0,
  );

describe('the demo data', { timeout: 60_000 }, () => {
  it('are four data sets, each in the folder of its name', () => {
    expect(readdirSync(around).toSorted()).toEqual(DATASETS);
    expect(DATASETS.map((dataset) => readManifest(join(around, dataset)).dataset)).toEqual(DATASETS);
  });

  it('are the same bytes wherever they are made', () => {
    // A manifest holds the hash of every file.
    for (const [dataset, hash] of Object.entries(MANIFESTS)) {
      const manifest = readFileSync(join(around, dataset, 'manifest.json'));
      expect(createHash('sha256').update(manifest).digest('hex'), dataset).toBe(hash);
    }
  });

  it('stay small beside the digits: less than 12 MB', () => {
    const sizes = ['penguins', 'spam', 'speeches'].map(bytesIn);
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(12e6);
  });
});
