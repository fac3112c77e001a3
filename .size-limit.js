/**
 * `npm run size`: what a participant's browser loads before the training worker, read from the built pages:
 * the page, the entry, the layout's and the join route's scripts with all they import, styles and the typeface.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const APP = 'build/_app/immutable';
const inFolder = (folder, pattern) =>
  readdirSync(join(APP, folder))
    .filter((name) => pattern.test(name))
    .map((name) => join(APP, folder, name));

/** The script and every script that it imports at once (`import"…"`, `from"…"`), without those it loads later. */
function withImports(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:import|from)\s*["'](\.[^"']+\.js)["']/g))
    withImports(join(file, '..', path), seen);
  return seen;
}

const entries = inFolder('entry', /\.js$/);
const route = entries
  .map((file) => /["']\/join\/\[run\]["']:\[~?(\d+)/.exec(readFileSync(file, 'utf8'))?.[1])
  .find((node) => node !== undefined);
if (route === undefined) throw new Error('The build has no route /join/[run]: has its entry changed?');
const scripts = [...entries, ...inFolder('nodes', new RegExp(`^(0|${route})\\.`))];

export default [
  {
    name: "first load of the participant's page",
    path: [
      'build/index.html',
      ...new Set(scripts.flatMap((script) => [...withImports(script)])),
      ...inFolder('assets', /\.css$/),
      ...inFolder('assets', /-latin-.*\.woff2$/),
    ],
    gzip: true,
    limit: '250 kB',
  },
];
