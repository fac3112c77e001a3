/**
 * The penguins of the Palmer Archipelago (Gorman, Williams and Fraser 2014): which species a bird is, by four
 * measurements and its sex. Means and deviations are those of the 342 measured birds of the public set, rounded; they
 * were published before anybody took part.
 */
import type { NumericFeature, TableSchema } from './schema.ts';

const measured = (column: string, min: number, max: number, mean: number, deviation: number) =>
  ({
    kind: 'numeric',
    column,
    min,
    max,
    scale: { kind: 'standard', mean, deviation },
    missing: 'drop-row',
  }) satisfies NumericFeature;

export const penguinsSchema: TableSchema = {
  version: 1,
  features: [
    measured('Beak Length (mm)', 20, 80, 43.9, 5.5),
    measured('Beak Depth (mm)', 8, 30, 17.2, 2),
    measured('Flipper Length (mm)', 120, 280, 200.9, 14),
    measured('Body Mass (g)', 1500, 10_000, 4202, 801),
    { kind: 'categorical', column: 'Sex', values: ['FEMALE', 'MALE'], missing: 'neutral' },
  ],
  label: { column: 'Species', classes: ['Adelie', 'Chinstrap', 'Gentoo'], missing: 'refuse' },
  // One bird's sex is written as a point.
  missingMarks: ['.', 'NA'],
};
