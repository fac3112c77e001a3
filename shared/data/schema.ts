/**
 * What a task expects of a table: the columns it reads, how a cell becomes numbers, and what is learned of each row.
 *
 * All constants (mean, deviation, bounds, values) are the task's, the same for every participant. They are never
 * computed from a participant's own rows: its model would then read other numbers than everybody else's, and sending
 * its own mean would tell of its data.
 */
import * as v from 'valibot';

const columnName = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(120));
const number = v.pipe(v.number(), v.finite());
const value = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(120));
const isDistinct = (values: readonly string[]) => new Set(values).size === values.length;

/**
 * A row whose cell is missing: `refuse` refuses the table, `drop-row` leaves the row out, `neutral` gives the number
 * that says least: 0 after standardising (the mean), 1/2 of a range, 0 for every value of a category.
 */
const missing = v.picklist(['refuse', 'drop-row', 'neutral']);

const numericFeature = v.pipe(
  v.strictObject({
    kind: v.literal('numeric'),
    column: columnName,
    /** A cell below or above is refused: most often it is in another unit. */
    min: number,
    max: number,
    scale: v.variant('kind', [
      /** (cell - mean) / deviation */
      v.strictObject({
        kind: v.literal('standard'),
        mean: number,
        deviation: v.pipe(number, v.gtValue(0)),
      }),
      /** (cell - min) / (max - min), 0..1 */
      v.strictObject({ kind: v.literal('range') }),
    ]),
    missing,
  }),
  v.check(({ min, max }) => min < max, 'min must be below max'),
);
export type NumericFeature = v.InferOutput<typeof numericFeature>;

/** One input a value: 1 for the cell's own value, 0 for the others. */
const categoricalFeature = v.strictObject({
  kind: v.literal('categorical'),
  column: columnName,
  values: v.pipe(
    v.array(value),
    v.minLength(2),
    v.maxLength(256),
    v.check((values) => isDistinct(values), 'a value is given twice'),
  ),
  missing,
});
export type CategoricalFeature = v.InferOutput<typeof categoricalFeature>;

export const tableSchema = v.pipe(
  v.strictObject({
    version: v.literal(1),
    /** In the order of the model's inputs. */
    features: v.pipe(
      v.array(v.variant('kind', [numericFeature, categoricalFeature])),
      v.minLength(1),
      v.maxLength(1024),
    ),
    /** Class i is what the rows with the i-th of these values are. */
    label: v.strictObject({
      column: columnName,
      classes: v.pipe(
        v.array(value),
        v.minLength(2),
        v.maxLength(256),
        v.check((values) => isDistinct(values), 'a class is given twice'),
      ),
      missing: v.picklist(['refuse', 'drop-row']),
    }),
    /** Cells that stand for a missing one, besides the empty cell: "NA", "?". */
    missingMarks: v.pipe(v.array(value), v.maxLength(16)),
  }),
  v.check(
    ({ features, label }) => isDistinct([label.column, ...features.map(({ column }) => column)]),
    'a column is given twice',
  ),
);
export type TableSchema = v.InferOutput<typeof tableSchema>;

/** How many inputs a feature gives. */
export const featureWidth = (feature: NumericFeature | CategoricalFeature): number =>
  feature.kind === 'numeric' ? 1 : feature.values.length;

/** How many inputs a row gives. */
export const schemaWidth = (schema: TableSchema): number =>
  schema.features.reduce((sum, feature) => sum + featureWidth(feature), 0);
