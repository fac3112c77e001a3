/**
 * The memory suite: what 200 rounds of training leave behind on the wasm backend in Node, each model in a thread, and
 * so with a WebAssembly memory, of its own. Every round trains on real digits and evaluates the model that came of it.
 */
import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { MemorySizes } from '#shared/training/backends/memory-sizes.ts';
import type { Figure } from './figure.ts';

const MODELS = ['2nn', 'cnn-small'] as const;
export type MemoryModel = (typeof MODELS)[number];

/** Sizes are told after each of these rounds; the last ends the thread. */
export const TOLD_AFTER: readonly number[] = [1, 100, 200];

/** Digits a participant trains on in a round. */
export const EXAMPLES = 128;

const FIGURES = [
  ['tensors', 'tensors'],
  ['tensor-bytes', 'tensorBytes'],
  ['heap-bytes', 'heapBytes'],
] as const;

/** Yields tensors, tensor-bytes and heap-bytes, between rounds. */
export async function* measureMemory(): AsyncGenerator<Figure> {
  for (const model of MODELS) {
    const thread = new Worker(new URL('./memory/thread.ts', import.meta.url), { workerData: model });
    const told = on(thread, 'message');
    for (const rounds of TOLD_AFTER) {
      const [sizes] = (await told.next()).value as [MemorySizes];
      const params = { model, backend: 'wasm', runtime: 'node', examples: EXAMPLES, rounds };
      for (const [name, size] of FIGURES)
        yield { name, unit: name === 'tensors' ? 'count' : 'bytes', value: sizes[size], params };
    }
    await thread.terminate();
  }
}
