/**
 * A data set's folder: chunks, manifest.json (shared/data/manifest.ts) and the recipe it was made by. It is left alone
 * where it is there, whole and of the same recipe, and is replaced as a whole otherwise.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { concatBytes } from '#shared/base/bytes.ts';
import type { ChunkEntry } from '#shared/data/examples.ts';
import { datasetManifest, type DatasetManifest } from '#shared/data/manifest.ts';
import type { Rows } from './rows.ts';

/** Writes `rows` as a chunk and gives its entry of the manifest. */
export type ChunkWriter = (file: string, rows: Rows, client?: string) => ChunkEntry;

export interface Recipe {
  /** Says everything that the files depend on; another text makes them anew. */
  readonly stamp: string;
  /** Writes all chunks. */
  cut(write: ChunkWriter): DatasetManifest;
}

/** The name of training chunk `index`. */
export const trainFile = (index: number): string => `train-${String(index).padStart(3, '0')}.bin`;

/** Cuts a data set into `folder` where it is not there. */
export function prepareFolder(folder: string, recipe: Recipe): void {
  if (isPrepared(folder, recipe.stamp)) return;
  const building = `${folder}.${process.pid}`;
  try {
    mkdirSync(building, { recursive: true });
    const manifest = v.parse(datasetManifest, recipe.cut(chunkWriter(building)));
    writeFileSync(join(building, 'manifest.json'), JSON.stringify(manifest));
    writeFileSync(join(building, 'recipe.txt'), recipe.stamp);
    rmSync(folder, { recursive: true, force: true });
    renameSync(building, folder);
    process.stderr.write(`prepared ${manifest.dataset}: ${wordsOfSize(manifest)}\n`);
  } catch (error) {
    // Another process may have put the same data there meanwhile.
    if (!isPrepared(folder, recipe.stamp)) throw error;
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

/** Whether `folder` was made by this recipe and every file in it still has its hash. */
function isPrepared(folder: string, recipe: string): boolean {
  const stamp = join(folder, 'recipe.txt');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== recipe) return false;
  try {
    const list = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    const { train, test } = v.parse(datasetManifest, list);
    return [...train, test].every((chunk) => sha256(readFileSync(join(folder, chunk.file))) === chunk.sha256);
  } catch {
    return false;
  }
}

const chunkWriter =
  (folder: string): ChunkWriter =>
  (file, { count, inputs, labels }, client) => {
    const bytes = concatBytes(inputs, labels);
    writeFileSync(join(folder, file), bytes);
    return { file, examples: count, sha256: sha256(bytes), ...(client === undefined ? {} : { client }) };
  };

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function wordsOfSize({ train, test }: DatasetManifest): string {
  const examples = train.reduce((sum, chunk) => sum + chunk.examples, 0);
  return `${examples} training examples in ${train.length} chunks, ${test.examples} for the test`;
}
