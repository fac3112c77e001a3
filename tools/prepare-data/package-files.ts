/** Data files of the npm packages that the data sets come in, some of which do not export them. */
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';

/** The folder of an installed package. */
function packageFolder(name: string): string {
  const description = findPackageJSON(name, import.meta.url);
  if (description === undefined) throw new Error(`the npm package ${name} is not installed: npm ci`);
  return dirname(description);
}

/** The file's JSON, for a schema to judge. */
export const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

/** `path` is relative to the folder of the package. */
export const packagePath = (name: string, path: string): string => join(packageFolder(name), path);
