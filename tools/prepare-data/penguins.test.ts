import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareFolder } from './dataset-folder.ts';
import { penguinsRecipe } from './penguins.ts';
import { accuracyOf, readManifest, regress, testExamples, trainExamples } from './testing.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorale-penguins-'));
  prepareFolder(folder, penguinsRecipe);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** How many of each species, in the order of the schema's classes. */
const bySpecies = (labels: Uint8Array) =>
  [0, 1, 2].map((species) => labels.filter((label) => label === species).length);

describe('the prepared penguins', () => {
  it('are the 342 measured birds, each island a client and a shard of three', async () => {
    const manifest = readManifest(folder);
    expect(manifest.train.map(({ client, examples }) => [client, examples])).toEqual([
      ['Biscoe', 134],
      ['Dream', 100],
      ['Torgersen', 41],
    ]);
    expect(manifest.test.examples).toBe(67);
    const islands = await Promise.all([0, 1, 2].map((index) => trainExamples(folder, { index, of: 3 })));
    expect(islands.map(({ count }) => count)).toEqual([134, 100, 41]);
    // Gentoo live on Biscoe alone, Chinstrap on Dream alone, and Torgersen has Adelie only.
    const living = islands.map(({ labels }) => bySpecies(labels).map((count) => count > 0));
    expect(living).toEqual([
      [true, false, true],
      [true, true, false],
      [true, false, false],
    ]);
  });

  it('lose no bird: training and test together are the species’ published numbers, less two unmeasured', async () => {
    const { labels } = await trainExamples(folder);
    const test = testExamples(folder);
    const both = bySpecies(labels).map((count, i) => count + (bySpecies(test.labels)[i] ?? 0));
    expect(both).toEqual([151, 68, 123]);
  });

  it('are standardised by the task’s constants', async () => {
    const { count, inputs } = await trainExamples(folder);
    for (const feature of [0, 1, 2, 3]) {
      const column = inputs.filter((_, i) => i % 6 === feature);
      const mean = column.reduce((sum, number) => sum + number, 0) / count;
      const variance = column.reduce((sum, number) => sum + (number - mean) ** 2, 0) / count;
      // 275 of the 342 birds that the constants are from.
      expect(Math.abs(mean)).toBeLessThan(0.15);
      expect(Math.abs(Math.sqrt(variance) - 1)).toBeLessThan(0.1);
    }
  });

  it('teach a softmax regression the species of .95 of the birds held back, where the commonest is .45', async () => {
    const test = testExamples(folder);
    const model = regress(await trainExamples(folder), { classes: 3, epochs: 20, learningRate: 0.05 });
    expect(accuracyOf(model, test)).toBeGreaterThanOrEqual(0.95);
    expect(Math.max(...bySpecies(test.labels)) / test.count).toBeLessThan(0.5);
  });
});
