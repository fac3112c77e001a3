/** `npm run bench -- <suite>`: measures, and prints one JSON line a figure. */
import { parseArgs } from 'node:util';
import { measureAgreement } from './bench/backends.ts';
import { measureDemoRuns } from './bench/demo-runs.ts';
import { measureNoisyLearning } from './bench/dp-accuracy.ts';
import type { Figure } from './bench/figure.ts';
import { measureMemory } from './bench/memory.ts';
import { measureNoise } from './bench/noise.ts';
import { measureAggregation } from './bench/secagg.ts';
import { tableOf } from './bench/secagg/table.ts';
import { measureProfile } from './bench/training-profile.ts';
import { measureTraining } from './bench/training.ts';

const USAGE = `usage: npm run bench -- <suite> [--quick] [--json]
suites: backends, demo-runs, dp-accuracy, memory, noise, secagg, training, training-profile
  --quick   secagg alone: what a bar is set for, in three minutes
  --json    secagg alone: no table on stderr at the end
`;

interface Flags {
  readonly quick: boolean;
  readonly json: boolean;
}

interface Suite {
  readonly measure: (flags: Flags) => AsyncIterable<Figure>;
  /** Its figures for people, where it takes flags. */
  readonly table?: (figures: readonly Figure[]) => string;
}

const SUITES: Readonly<Record<string, Suite>> = {
  backends: { measure: measureAgreement },
  'demo-runs': { measure: measureDemoRuns },
  'dp-accuracy': { measure: measureNoisyLearning },
  memory: { measure: measureMemory },
  noise: { measure: measureNoise },
  secagg: { measure: ({ quick }) => measureAggregation(quick), table: tableOf },
  training: { measure: measureTraining },
  'training-profile': { measure: measureProfile },
};

function read(): { readonly name: string; readonly suite: Suite; readonly flags: Flags } | null {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
    });
    const [name = '', ...rest] = positionals;
    const suite = SUITES[name];
    if (suite === undefined || rest.length > 0) return null;
    const { quick, json } = values;
    return suite.table === undefined && (quick || json) ? null : { name, suite, flags: { quick, json } };
  } catch {
    return null;
  }
}

const given = read();
if (given === null) {
  process.stderr.write(USAGE);
  process.exit(2);
}
const { name, suite, flags } = given;
const figures: Figure[] = [];
for await (const figure of suite.measure(flags)) {
  figures.push(figure);
  process.stdout.write(`${JSON.stringify({ suite: name, ...figure })}\n`);
}
if (suite.table !== undefined && !flags.json) process.stderr.write(`${suite.table(figures)}\n`);
