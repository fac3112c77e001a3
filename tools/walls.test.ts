/** Every guard of .oxlintrc.json is shown to bite: violations are planted in a copy of the tree's shape and linted with our rules. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Planted {
  readonly path: string;
  readonly code: string;
  /** The rule that must object. */
  readonly rule: string;
}

const IMPORTS = 'eslint(no-restricted-imports)';
const GLOBALS = 'eslint(no-restricted-globals)';
const FLOATING = 'typescript(no-floating-promises)';

const planted: Record<string, Planted> = {
  'web importing the coordinator': {
    path: 'web/lib/a.ts',
    code: "import { a } from '../../coordinator/good.ts';\nexport const b = a;\n",
    rule: IMPORTS,
  },
  'web reaching shared by a relative path': {
    path: 'web/lib/b.ts',
    code: "import { a } from '../../shared/base/good.ts';\nexport const b = a;\n",
    rule: IMPORTS,
  },
  'web importing Node': {
    path: 'web/lib/c.ts',
    code: "import { join } from 'node:path';\nexport const b = join('a');\n",
    rule: IMPORTS,
  },
  'a page importing tfjs': {
    path: 'web/routes/d.ts',
    code: "import * as tf from '@tensorflow/tfjs-core';\nexport const b = tf.version_core;\n",
    rule: IMPORTS,
  },
  'a page importing shared/training': {
    path: 'web/routes/e.ts',
    code: "import { a } from '#shared/training/good.ts';\nexport const b = a;\n",
    rule: IMPORTS,
  },
  "the participant's worker importing the tfjs union": {
    path: 'web/lib/participant/worker.ts',
    code: "import * as tf from '@tensorflow/tfjs';\nexport const b = tf.version;\n",
    rule: IMPORTS,
  },
  'the coordinator importing web': {
    path: 'coordinator/a.ts',
    code: "import { a } from '../web/lib/good.ts';\nexport const b = a;\n",
    rule: IMPORTS,
  },
  'the coordinator importing tools': {
    path: 'coordinator/b.ts',
    code: "import { a } from '../tools/good.ts';\nexport const b = a;\n",
    rule: IMPORTS,
  },
  'the event loop importing shared/training': {
    path: 'coordinator/c.ts',
    code: "import { a } from '#shared/training/good.ts';\nexport const b = a;\n",
    rule: IMPORTS,
  },
  'shared importing the coordinator': {
    path: 'shared/base/a.ts',
    code: "import { a } from '../../coordinator/good.ts';\nexport const b = a;\n",
    rule: IMPORTS,
  },
  'a round machine importing the coordinator': {
    path: 'shared/round/client/a.ts',
    code: "import { a } from '../../../coordinator/good.ts';\nexport const b = a;\n",
    rule: IMPORTS,
  },
  'shared importing Node': {
    path: 'shared/base/b.ts',
    code: "import { readFileSync } from 'node:fs';\nexport const b = readFileSync;\n",
    rule: IMPORTS,
  },
  'another room of shared importing training': {
    path: 'shared/participant/a.ts',
    code: "import { a } from '../training/good.ts';\nexport const b = a;\n",
    rule: IMPORTS,
  },
  'another room of shared importing tfjs': {
    path: 'shared/participant/b.ts',
    code: "import * as tf from '@tensorflow/tfjs-core';\nexport const b = tf.version_core;\n",
    rule: IMPORTS,
  },
  'a test of shared importing web': {
    path: 'shared/base/a.test.ts',
    code: "import { a } from '../../web/lib/good.ts';\nexport const b = a;\n",
    rule: IMPORTS,
  },
  'tools importing web': {
    path: 'tools/a.ts',
    code: "import { a } from '../web/lib/good.ts';\nexport const b = a;\n",
    rule: IMPORTS,
  },
  'a tool importing tfjs': {
    path: 'tools/c.ts',
    code: "import * as tf from '@tensorflow/tfjs-core';\nexport const b = tf.version_core;\n",
    rule: IMPORTS,
  },
  'tools importing a story': {
    path: 'tools/b.ts',
    code: "import { a } from '../e2e/story.ts';\nexport const b = a;\n",
    rule: IMPORTS,
  },
  'a story importing the coordinator': {
    path: 'e2e/harness/a.ts',
    code: "import { a } from '../../coordinator/good.ts';\nexport const b = a;\n",
    rule: IMPORTS,
  },
  'two files importing each other': {
    path: 'shared/base/circle-a.ts',
    code: "import { b } from './circle-b.ts';\nexport const a = (): number => b();\n",
    rule: 'import(no-cycle)',
  },
  'a barrel': {
    path: 'shared/base/index.ts',
    code: "export { a } from './good.ts';\n",
    rule: 'eslint(no-restricted-exports)',
  },
  'a barrel by another name': {
    path: 'shared/base/all.ts',
    code: "export * from './good.ts';\n",
    rule: 'oxc(no-barrel-file)',
  },
  'the global randomness in shared': {
    path: 'shared/base/d.ts',
    code: 'export const b = Math.random();\n',
    rule: 'eslint(no-restricted-properties)',
  },
  'console in shared': {
    path: 'shared/base/e.ts',
    code: "console.log('a');\nexport const b = 1;\n",
    rule: 'eslint(no-console)',
  },
  'console in web': {
    path: 'web/lib/e.ts',
    code: "console.log('a');\nexport const b = 1;\n",
    rule: 'eslint(no-console)',
  },
  'a promise that nobody awaits': {
    path: 'coordinator/d.ts',
    code: 'export function start(): void {\n  Promise.resolve(1);\n}\n',
    rule: FLOATING,
  },
  'a handler whose promise nobody awaits': {
    path: 'coordinator/e.ts',
    code: 'export const b = (list: number[]): void => list.forEach(async (n) => {\n  await Promise.resolve(n);\n});\n',
    rule: 'typescript(no-misused-promises)',
  },
  any: {
    path: 'coordinator/f.ts',
    code: 'export const b = (value: any): unknown => value;\n',
    rule: 'typescript(no-explicit-any)',
  },
  'a test that sleeps': {
    path: 'shared/base/sleep.test.ts',
    code: 'export const sleep = () => new Promise((resolve) => setTimeout(resolve, 1));\n',
    rule: GLOBALS,
  },
  'a test that asserts nothing': {
    path: 'shared/base/nothing.test.ts',
    code: "import { it } from 'vitest';\nit('does nothing', () => {});\n",
    rule: 'vitest(expect-expect)',
  },
};

const everywhereInShared = [
  'Date.now()',
  'new Date()',
  'performance.now()',
  'setTimeout(String)',
  'setInterval(String)',
  'requestAnimationFrame(String)',
  'crypto.randomUUID()',
  "fetch('/')",
  "new WebSocket('/')",
  "new EventSource('/')",
  'indexedDB.databases()',
  'localStorage.length',
  'window.name',
  'document.title',
  'navigator.userAgent',
  'self.name',
  'globalThis.name',
  'process.pid',
];
everywhereInShared.forEach((expression, i) => {
  for (const room of ['round', 'training'])
    planted[`${expression} in shared/${room}`] = {
      path: `shared/${room}/global-${i}.ts`,
      code: `export const b = () => ${expression};\n`,
      rule: GLOBALS,
    };
});
planted['a MessageChannel outside shared/training'] = {
  path: 'shared/round/channel.ts',
  code: 'export const b = () => new MessageChannel();\n',
  rule: GLOBALS,
};

/** What the floors allow: none of these may be objected to. */
const clean: Record<string, string> = {
  'shared/base/good.ts': 'export const a = 1;\n',
  'shared/base/circle-b.ts': "import { a } from './circle-a.ts';\nexport const b = (): number => a();\n",
  'shared/training/good.ts':
    "import * as tf from '@tensorflow/tfjs-core';\nimport { a as base } from '../base/good.ts';\nexport const a = [tf.version_core, base, () => new MessageChannel()];\n",
  'shared/training/good.test.ts':
    "import { readFileSync } from 'node:fs';\nimport { a } from './good.ts';\nexport const b = [a, readFileSync];\n",
  'shared/round/client/good.ts':
    "import { a } from '../coordinator/good.ts';\nimport { a as base } from '../../base/good.ts';\nexport const b = [a, base];\n",
  'shared/round/coordinator/good.ts': 'export const a = 1;\n',
  'web/lib/good.ts': "import { a as base } from '#shared/base/good.ts';\nexport const a = base;\n",
  'web/lib/participant/tab-trainer.ts':
    "import { a } from '#shared/training/good.ts';\nexport const b = () => [a, fetch('/')];\n",
  'coordinator/good.ts': "import { a as base } from '#shared/base/good.ts';\nexport const a = base;\n",
  'coordinator/types.ts': "import type { a } from '#shared/training/good.ts';\nexport type B = typeof a;\n",
  'coordinator/evaluation/worker.ts':
    "import { a } from '#shared/training/good.ts';\nexport const b = [a, Date.now()];\n",
  'tools/bench/training/good.ts':
    "import * as tf from '@tensorflow/tfjs-core';\nexport const b = tf.version_core;\n",
  'tools/good.ts':
    "import { a as base } from '../coordinator/good.ts';\nimport { b } from '../e2e/harness/good.ts';\nexport const a = [base, b];\n",
  'e2e/harness/good.ts': "import { a } from '#shared/base/good.ts';\nexport const b = a;\n",
  'e2e/story.ts': "import { b } from './harness/good.ts';\nexport const a = b;\n",
};

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
}

let tree = '';
let diagnostics: readonly Diagnostic[] = [];

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'chorale-walls-'));
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  for (const file of ['.oxlintrc.json', 'package.json']) copyFileSync(join(root, file), join(tree, file));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  };
  write(
    'tsconfig.json',
    JSON.stringify({
      compilerOptions: {
        target: 'esnext',
        lib: ['esnext', 'dom'],
        types: ['node'],
        module: 'esnext',
        moduleResolution: 'bundler',
        allowImportingTsExtensions: true,
        noEmit: true,
        strict: true,
      },
      include: ['**/*.ts'],
    }),
  );
  for (const { path, code } of Object.values(planted)) write(path, code);
  for (const [path, code] of Object.entries(clean)) write(path, code);
  const run = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/oxlint/bin/oxlint'),
      '--type-aware',
      '--deny-warnings',
      '--format=json',
      'web',
      'coordinator',
      'shared',
      'e2e',
      'tools',
    ],
    { cwd: tree, encoding: 'utf8', timeout: 60_000 },
  );
  diagnostics = (JSON.parse(run.stdout) as { diagnostics: Diagnostic[] }).diagnostics;
}, 90_000);

afterAll(() => rmSync(tree, { recursive: true, force: true }));

const rulesAt = (path: string) =>
  diagnostics.filter((found) => found.filename === path).map((found) => found.code);

describe('the floors', () => {
  it.each(Object.entries(planted))('refuse %s', (_name, { path, rule }) => {
    expect(rulesAt(path)).toContain(rule);
  });

  it.each(Object.keys(clean).filter((path) => !path.includes('circle')))('let %s be', (path) => {
    expect(rulesAt(path)).toEqual([]);
  });
});

/** Whether importing `path` in Node loads tfjs, by whatever way round. */
function loadsTfjs(path: string): boolean {
  const script = `
    import { registerHooks } from 'node:module';
    let met = false;
    registerHooks({
      resolve(specifier, context, next) {
        met ||= specifier.startsWith('@tensorflow/');
        return next(specifier, context);
      },
    });
    await import(process.argv[1]).catch((error) => {
      if (!met) throw error;
    });
    process.stdout.write(String(met));
    process.exit(0);
  `;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script, join(root, path)], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (run.status !== 0) throw new Error(run.stderr);
  return run.stdout === 'true';
}

describe('the event loop', () => {
  it.each(['coordinator/coordinator.ts', 'shared/participant/session.ts'])('%s loads no tfjs', (path) => {
    expect(loadsTfjs(path)).toBe(false);
  });

  it('would be caught loading it', () => {
    expect(loadsTfjs('shared/training/trainer.ts')).toBe(true);
  });
});
