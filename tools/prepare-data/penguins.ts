/** The penguins: each island is a client; a fifth of each island's birds is held back for the test. */
import * as v from 'valibot';
import { penguinsSchema } from '#shared/data/penguins.ts';
import { schemaWidth } from '#shared/data/schema.ts';
import { tableExamples } from '#shared/data/table.ts';
import { trainFile, type Recipe } from './dataset-folder.ts';
import { packagePath, readJson } from './package-files.ts';
import { joinedRows, splitRows, type Rows } from './rows.ts';

const ISLANDS = ['Biscoe', 'Dream', 'Torgersen'];
const TEST_SHARE = 0.2;
const SEED = 'penguins test';
const INPUT_BYTES = 4 * schemaWidth(penguinsSchema);

const records = v.array(v.record(v.string(), v.nullable(v.union([v.string(), v.number()]))));
type PenguinRecord = v.InferOutput<typeof records>[number];

function islandRows(penguins: readonly PenguinRecord[]): Rows {
  const header = Object.keys(penguins[0] ?? {});
  const rows = penguins.map((penguin) => header.map((column) => String(penguin[column] ?? '')));
  const read = tableExamples({ header, rows }, penguinsSchema);
  if (!read.ok) throw new Error(`penguins.json: ${read.fault.detail}`);
  const { count, inputs, labels } = read.value.examples;
  const bytes = new Uint8Array(count * INPUT_BYTES);
  const view = new DataView(bytes.buffer);
  inputs.forEach((input, i) => view.setFloat32(4 * i, input, true));
  return { count, inputs: bytes, labels };
}

export const penguinsRecipe: Recipe = {
  stamp: `1: ${TEST_SHARE} of each island for the test by "${SEED}", ${JSON.stringify(penguinsSchema)}`,
  cut: (write) => {
    const all = v.parse(records, readJson(packagePath('vega-datasets', 'data/penguins.json')));
    const islands = ISLANDS.map((island) => {
      const rows = islandRows(all.filter((penguin) => penguin['Island'] === island));
      const [test, train] = splitRows(rows, TEST_SHARE, `${SEED} ${island}`);
      return { island, test, train };
    });
    return {
      version: 1,
      dataset: 'penguins',
      inputBytes: INPUT_BYTES,
      encoding: 'float32',
      classes: penguinsSchema.label.classes.length,
      train: islands.map(({ island, train }, i) => write(trainFile(i), train, island)),
      test: write('test.bin', joinedRows(islands.map(({ test }) => test))),
    };
  },
};
