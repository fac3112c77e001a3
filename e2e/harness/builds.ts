/** The built pages, made again only where something they are made of is newer. */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.ts';

/** `product` is what people get; `test` also hands each tab's quantized update to the stories. */
export type Build = 'product' | 'test';

export const buildFolder = (build: Build): string => join(ROOT, build === 'product' ? 'build' : 'build-test');

const SOURCES = ['web', 'shared', 'vite.config.ts', 'svelte.config.js', 'package.json', 'package-lock.json'];
const BUILD_TIMEOUT_MS = 300_000;

/** Milliseconds of the newest change below `path`; 0 where it does not exist. A folder changes when a file is removed. */
function newestChangeMs(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || path.endsWith(join('static', 'demo'))) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  const below = readdirSync(path).map((name) => newestChangeMs(join(path, name)));
  // The folder that holds the prepared data changes by preparing them.
  return Math.max(path.endsWith('static') ? 0 : stats.mtimeMs, ...below);
}

function isStale(build: Build): boolean {
  const page = statSync(join(buildFolder(build), 'index.html'), { throwIfNoEntry: false });
  return page === undefined || SOURCES.some((source) => newestChangeMs(join(ROOT, source)) > page.mtimeMs);
}

/** Throws with the end of the tool's output where it fails. */
function run(script: string, args: readonly string[], environment: Record<string, string>): void {
  const done = spawnSync(process.execPath, [join(ROOT, script), ...args], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    timeout: BUILD_TIMEOUT_MS,
  });
  if (done.status !== 0)
    throw new Error(`${script} failed:\n${`${done.stdout}\n${done.stderr}`.trim().slice(-4_000)}`);
}

/** Prepares the demo data and builds the pages, each only where that is needed. */
export function ensureBuilt(build: Build, say: (text: string) => void): void {
  run('tools/prepare-data.ts', [], {});
  if (!isStale(build)) return;
  say(build === 'product' ? 'Building the pages…' : 'Building the pages for the tests…');
  run('node_modules/vite/bin/vite.js', ['build'], { CHORALE_TEST_BUILD: build === 'test' ? '1' : '0' });
}
