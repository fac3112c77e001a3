/** Labelled examples in memory, and the bytes of one chunk of a prepared data set. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '../base/bytes.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { decodeInputs, inputsPerExample, type InputEncoding } from './encoding.ts';
import type { DatasetManifest } from './manifest.ts';

/** `inputs` is [count, numbers of one example], see encoding.ts; `labels` is [count], each a class. */
export interface Examples {
  readonly count: number;
  readonly inputs: Float32Array;
  readonly labels: Uint8Array;
}

export type ChunkEntry = DatasetManifest['test'];

/** A sentence naming the file where its length, its hash or a label is wrong; null where all is well. */
export function chunkProblem(bytes: Uint8Array, entry: ChunkEntry, manifest: DatasetManifest): string | null {
  const length = entry.examples * (manifest.inputBytes + 1);
  if (bytes.length !== length) return `${entry.file} has ${bytes.length} bytes instead of ${length}`;
  if (bytesToHex(sha256(bytes)) !== entry.sha256)
    return `${entry.file} is not the file that was published: its hash differs`;
  const inputs = bytes.subarray(0, entry.examples * manifest.inputBytes);
  if (manifest.encoding === 'float32' && !allFinite(inputs))
    return `${entry.file} holds a number that is not finite`;
  const labels = bytes.subarray(inputs.length);
  return labels.every((label) => label < manifest.classes)
    ? null
    : `${entry.file} holds a label that is no class`;
}

function allFinite(inputs: Uint8Array): boolean {
  const numbers = new Float32Array(inputs.length / 4);
  decodeInputs('float32', inputs, 4, numbers);
  return numbers.every(Number.isFinite);
}

/** Checked chunks, one after another, as examples. */
export function examplesOfChunks(
  chunks: readonly { readonly bytes: Uint8Array; readonly entry: ChunkEntry }[],
  inputBytes: number,
  encoding: InputEncoding = 'pixels',
): Examples {
  const count = chunks.reduce((sum, { entry }) => sum + entry.examples, 0);
  const width = inputsPerExample(encoding, inputBytes);
  const inputs = new Float32Array(count * width);
  const labels = new Uint8Array(count);
  let at = 0;
  for (const { bytes, entry } of chunks) {
    const end = entry.examples * inputBytes;
    decodeInputs(encoding, bytes.subarray(0, end), inputBytes, inputs.subarray(at * width));
    labels.set(bytes.subarray(end), at);
    at += entry.examples;
  }
  return { count, inputs, labels };
}

/** A data set of one chunk, checked; a sentence otherwise. */
export function examplesOfChunk(
  bytes: Uint8Array,
  entry: ChunkEntry,
  manifest: DatasetManifest,
): Result<Examples, string> {
  const problem = chunkProblem(bytes, entry, manifest);
  return problem === null
    ? ok(examplesOfChunks([{ bytes, entry }], manifest.inputBytes, manifest.encoding))
    : fail(problem);
}
