/**
 * A participant's shard: which chunks it is made of, and loading them through ports, so that a tab
 * (IndexedDB) and a Node participant (memory) share the code. Only the shard's own chunks are downloaded, each
 * is checked before it is kept, and a chunk that is kept already is not downloaded again.
 */
import * as v from 'valibot';
import { invariant } from '../base/invariant.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { chunkProblem, examplesOfChunks, type ChunkEntry, type Examples } from './examples.ts';
import { datasetManifest, type DatasetManifest } from './manifest.ts';

/** Part `index` (0-based) of `of` equal parts. */
export interface ShardReference {
  readonly index: number;
  readonly of: number;
}

export interface ShardFault {
  readonly code: 'unreachable' | 'corrupted' | 'storage';
  readonly detail: string;
}

/** Where chunks come from and where they stay. Paths are relative to the data set's folder. */
export interface ShardPorts {
  /** The file's bytes; a sentence where it cannot be had. */
  fetchBytes(path: string): Promise<Result<Uint8Array, string>>;
  kept(path: string): Promise<Uint8Array | undefined>;
  /** A sentence where it cannot be kept (no space). */
  keep(path: string, bytes: Uint8Array): Promise<Result<void, string>>;
}

/**
 * The consecutive chunks of a shard. All shards together are all chunks, equal to within one chunk; with more
 * shards than chunks, shards share chunks.
 */
export function chunksOfShard(chunks: number, shard: ShardReference): readonly number[] {
  invariant(
    shard.of >= 1 && shard.index >= 0 && shard.index < shard.of,
    `shard ${shard.index} of ${shard.of}`,
  );
  if (shard.of > chunks) return [shard.index % chunks];
  const first = Math.floor((shard.index * chunks) / shard.of);
  const end = Math.floor(((shard.index + 1) * chunks) / shard.of);
  return Array.from({ length: end - first }, (_, i) => first + i);
}

const PARALLEL_DOWNLOADS = 3;

/** The list of a data set's chunks. */
export const MANIFEST_FILE = 'manifest.json';

/** Downloads, checks and keeps; `onProgress` gets the fraction of chunks that are in, 0..1. */
export async function loadShard(
  shard: ShardReference,
  ports: ShardPorts,
  onProgress: (fraction: number) => void,
): Promise<Result<Examples, ShardFault>> {
  const manifest = await loadManifest(ports);
  if (!manifest.ok) return manifest;
  const { train, inputBytes, encoding } = manifest.value;
  const entries = chunksOfShard(train.length, shard).map((i) => train[i] as ChunkEntry);
  const loaded: { bytes: Uint8Array; entry: ChunkEntry }[] = [];
  let fault: ShardFault | null = null;
  let next = 0;
  let done = 0;
  const downloadInTurn = async () => {
    while (next < entries.length && fault === null) {
      const index = next++;
      const entry = entries[index] as ChunkEntry;
      const chunk = await loadChunk(entry, manifest.value, ports);
      if (chunk.ok) {
        loaded[index] = { bytes: chunk.value, entry };
        onProgress(++done / entries.length);
      } else fault = chunk.fault;
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_DOWNLOADS }, downloadInTurn));
  return fault === null ? ok(examplesOfChunks(loaded, inputBytes, encoding)) : fail(fault);
}

async function loadManifest(ports: ShardPorts): Promise<Result<DatasetManifest, ShardFault>> {
  return download(MANIFEST_FILE, ports, (bytes) => {
    try {
      return ok(v.parse(datasetManifest, JSON.parse(new TextDecoder().decode(bytes))));
    } catch {
      return fail('The list of the data set (manifest.json) cannot be read.');
    }
  });
}

/** Kept and sound, or downloaded, checked and kept. */
async function loadChunk(
  entry: ChunkEntry,
  manifest: DatasetManifest,
  ports: ShardPorts,
): Promise<Result<Uint8Array, ShardFault>> {
  const kept = await ports.kept(entry.file);
  if (kept !== undefined && chunkProblem(kept, entry, manifest) === null) return ok(kept);
  const chunk = await download(entry.file, ports, (bytes) => {
    const problem = chunkProblem(bytes, entry, manifest);
    return problem === null ? ok(bytes) : fail(`${problem}.`);
  });
  if (!chunk.ok) return chunk;
  const stored = await ports.keep(entry.file, chunk.value);
  return stored.ok ? chunk : fail({ code: 'storage', detail: stored.fault });
}

/** What `check` makes of the file; a download that fails, or that it refuses, is tried once more. */
async function download<T>(
  path: string,
  ports: ShardPorts,
  check: (bytes: Uint8Array) => Result<T, string>,
): Promise<Result<T, ShardFault>> {
  const attempt = async (): Promise<Result<T, ShardFault>> => {
    const bytes = await ports.fetchBytes(path);
    if (!bytes.ok) return fail({ code: 'unreachable', detail: bytes.fault });
    const checked = check(bytes.value);
    return checked.ok ? checked : fail({ code: 'corrupted', detail: checked.fault });
  };
  const first = await attempt();
  return first.ok ? first : attempt();
}
