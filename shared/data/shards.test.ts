import { sha256 } from '@noble/hashes/sha2.js';
import * as fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { bytesToHex, utf8ToBytes } from '../base/bytes.ts';
import { fail, ok } from '../base/result.ts';
import { datasetManifest, type DatasetManifest } from './manifest.ts';
import { chunksOfShard, loadShard, type ShardPorts } from './shards.ts';

/** A data set of `chunks` chunks of two examples with three input bytes each; every byte tells where it is from. */
function dataset(chunks: number) {
  const files = new Map<string, Uint8Array>();
  const train = Array.from({ length: chunks }, (_, i) => {
    const bytes = Uint8Array.of(i, 0, 255, i, 51, 0, i % 10, (i + 1) % 10);
    files.set(`train-${i}.bin`, bytes);
    return { file: `train-${i}.bin`, examples: 2, sha256: bytesToHex(sha256(bytes)) };
  });
  const [test] = train;
  if (!test) throw new Error('a data set has chunks');
  const manifest: DatasetManifest = { version: 1, dataset: 'tiny', inputBytes: 3, classes: 10, train, test };
  files.set('manifest.json', utf8ToBytes(JSON.stringify(manifest)));
  return files;
}

/** Publishes train-0.bin anew, hash and all, with a label beyond the ten classes. */
function mislabel(files: Map<string, Uint8Array>): void {
  const bytes = Uint8Array.of(0, 0, 255, 0, 51, 0, 10, 1);
  const manifest = v.parse(datasetManifest, JSON.parse(new TextDecoder().decode(files.get('manifest.json'))));
  const train = manifest.train.map((entry) =>
    entry.file === 'train-0.bin' ? { ...entry, sha256: bytesToHex(sha256(bytes)) } : entry,
  );
  files.set('train-0.bin', bytes).set('manifest.json', utf8ToBytes(JSON.stringify({ ...manifest, train })));
}

/** Serves `files`; keeps what it is told to; records downloads. */
function ports(files: Map<string, Uint8Array>, kept = new Map<string, Uint8Array>()) {
  const downloads: string[] = [];
  const shardPorts: ShardPorts = {
    fetchBytes: async (path) => {
      downloads.push(path);
      const bytes = files.get(path);
      return bytes ? ok(bytes) : fail(`${path} answered 404.`);
    },
    kept: async (path) => kept.get(path),
    keep: async (path, bytes) => {
      kept.set(path, bytes);
      return ok(undefined);
    },
  };
  return { downloads, kept, shardPorts };
}

describe('shards', () => {
  it('are all chunks together, each once, equal to within one chunk', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 200 }), (chunks, of) => {
        fc.pre(of <= chunks);
        const shards = Array.from({ length: of }, (_, index) => chunksOfShard(chunks, { index, of }));
        expect(shards.flat()).toEqual(Array.from({ length: chunks }, (_, i) => i));
        const sizes = shards.map((shard) => shard.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('share chunks where there are more shards than chunks, and none is empty', () => {
    expect(chunksOfShard(3, { index: 4, of: 5 })).toEqual([1]);
  });

  it('download only their own chunks, and nothing again that is kept', async () => {
    const { downloads, kept, shardPorts } = ports(dataset(6));
    const progress: number[] = [];
    const loaded = await loadShard({ index: 1, of: 3 }, shardPorts, (fraction) => progress.push(fraction));
    expect(loaded.ok && loaded.value.count).toBe(4);
    expect(loaded.ok && [...loaded.value.labels]).toEqual([2, 3, 3, 4]);
    expect(loaded.ok && loaded.value.inputs[2]).toBe(1);
    expect(loaded.ok && loaded.value.inputs[4]).toBeCloseTo(0.2, 6);
    expect(downloads.toSorted()).toEqual(['manifest.json', 'train-2.bin', 'train-3.bin']);
    expect(progress.at(-1)).toBe(1);

    const again = ports(dataset(6), kept);
    await loadShard({ index: 1, of: 3 }, again.shardPorts, () => {});
    expect(again.downloads).toEqual(['manifest.json']);
  });

  it('download a kept chunk again that was damaged where it was kept', async () => {
    const { downloads, shardPorts } = ports(dataset(3), new Map([['train-0.bin', new Uint8Array(8)]]));
    expect((await loadShard({ index: 0, of: 3 }, shardPorts, () => {})).ok).toBe(true);
    expect(downloads).toContain('train-0.bin');
  });

  it.each([
    [
      'a chunk with another hash',
      (files: Map<string, Uint8Array>) => files.set('train-0.bin', new Uint8Array(8)),
      'corrupted',
      /train-0\.bin.*hash differs/,
    ],
    [
      'a chunk cut short',
      (files: Map<string, Uint8Array>) => files.set('train-0.bin', new Uint8Array(3)),
      'corrupted',
      /train-0\.bin has 3 bytes instead of 8/,
    ],
    [
      'a missing chunk',
      (files: Map<string, Uint8Array>) => files.delete('train-0.bin'),
      'unreachable',
      /train-0\.bin answered 404/,
    ],
    [
      'a manifest that is no JSON',
      (files: Map<string, Uint8Array>) => files.set('manifest.json', new Uint8Array(4)),
      'corrupted',
      /manifest\.json/,
    ],
    [
      'a published chunk with a label that is no class',
      (files: Map<string, Uint8Array>) => mislabel(files),
      'corrupted',
      /train-0\.bin holds a label that is no class/,
    ],
    [
      'no manifest',
      (files: Map<string, Uint8Array>) => files.delete('manifest.json'),
      'unreachable',
      /manifest\.json answered 404/,
    ],
  ])('%s is a fault that names the file', async (_what, damage, code, sentence) => {
    const files = dataset(3);
    damage(files);
    const loaded = await loadShard({ index: 0, of: 3 }, ports(files).shardPorts, () => {});
    expect(loaded.ok ? null : loaded.fault.code).toBe(code);
    expect(loaded.ok ? '' : loaded.fault.detail).toMatch(sentence);
  });

  it.each(['manifest.json', 'train-0.bin'])(
    '%s is downloaded once more where it failed once',
    async (path) => {
      const { shardPorts } = ports(dataset(3));
      let broken = true;
      const once: ShardPorts = {
        ...shardPorts,
        fetchBytes: async (asked) => {
          if (asked !== path || !broken) return shardPorts.fetchBytes(asked);
          broken = false;
          return ok(new Uint8Array(8));
        },
      };
      expect((await loadShard({ index: 0, of: 3 }, once, () => {})).ok).toBe(true);
    },
  );

  it('a chunk that stays damaged is downloaded twice, not for ever, and never kept', async () => {
    const files = dataset(3).set('train-0.bin', new Uint8Array(8));
    const { downloads, kept, shardPorts } = ports(files);
    await loadShard({ index: 0, of: 3 }, shardPorts, () => {});
    expect(downloads).toEqual(['manifest.json', 'train-0.bin', 'train-0.bin']);
    expect(kept.size).toBe(0);
  });

  it('a full storage is a fault', async () => {
    const { shardPorts } = ports(dataset(3));
    const full: ShardPorts = { ...shardPorts, keep: async () => fail('There is no space left.') };
    const loaded = await loadShard({ index: 0, of: 3 }, full, () => {});
    expect(loaded).toEqual({ ok: false, fault: { code: 'storage', detail: 'There is no space left.' } });
  });
});
