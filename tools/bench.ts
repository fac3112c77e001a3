/** `npm run bench -- <suite>`: measures, and prints one JSON line a figure. */
import type { Figure } from './bench/figure.ts';
import { measureTraining } from './bench/training.ts';

const SUITES: Readonly<Record<string, () => AsyncIterable<Figure>>> = { training: measureTraining };

const [name = '', ...rest] = process.argv.slice(2);
const suite = SUITES[name];
if (!suite || rest.length > 0) {
  process.stderr.write(`usage: npm run bench -- <suite>\nsuites: ${Object.keys(SUITES).join(', ')}\n`);
  process.exit(2);
}
for await (const figure of suite()) process.stdout.write(`${JSON.stringify({ suite: name, ...figure })}\n`);
