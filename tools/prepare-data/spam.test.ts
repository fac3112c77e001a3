import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareFolder } from './dataset-folder.ts';
import { spamRecipe } from './spam.ts';
import { accuracyOf, readManifest, regress, testExamples, trainExamples } from './testing.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorale-spam-'));
  prepareFolder(folder, spamRecipe);
});
afterAll(() => rmSync(folder, { recursive: true }));

const spamShare = (labels: Uint8Array) => labels.filter((label) => label === 1).length / labels.length;

describe('the prepared mails', () => {
  it('are 5,929 different ones of the corpus’ 6,046, a fifth for the test', () => {
    const { train, test } = readManifest(folder);
    expect(train).toHaveLength(48);
    expect(train.reduce((sum, { examples }) => sum + examples, 0)).toBe(4744);
    expect(test.examples).toBe(1185);
  });

  it('are met once: no mail of the test is in training', () => {
    const { train, test, inputBytes } = readManifest(folder);
    const rows = [...train, test].flatMap(({ file, examples }) => {
      const bytes = readFileSync(join(folder, file));
      return Array.from({ length: examples }, (_, i) =>
        bytes.toString('latin1', i * inputBytes, (i + 1) * inputBytes),
      );
    });
    expect(new Set(rows).size).toBe(5929);
  });

  it('are alike in every shard of eight', async () => {
    const all = spamShare((await trainExamples(folder)).labels);
    for (let index = 0; index < 8; index++) {
      const { labels } = await trainExamples(folder, { index, of: 8 });
      // A share of some 600 mails: √(.3 · .7 / 600) = .019 of deviation; five of them.
      expect(Math.abs(spamShare(labels) - all)).toBeLessThan(0.095);
    }
  });

  it('teach a logistic regression to tell .96 of the mails held back, where .70 are wanted', async () => {
    const test = testExamples(folder);
    const model = regress(await trainExamples(folder), { classes: 2, epochs: 5, learningRate: 1 });
    expect(accuracyOf(model, test)).toBeGreaterThanOrEqual(0.96);
    expect(1 - spamShare(test.labels)).toBeCloseTo(0.7, 1);
  });
});
