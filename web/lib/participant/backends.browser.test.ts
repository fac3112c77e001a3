import * as tf from '@tensorflow/tfjs-core';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import wasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { describe, expect, it } from 'vitest';
import type { TrainJob } from '#shared/participant/ports.ts';
import { blobExamples, blobsJob } from '#shared/training/testing.ts';
import { trainLocally } from '#shared/training/trainer.ts';
import { memoryTrial, required } from '#shared/training/backends/testing.ts';
import { TrainingBackends } from '#shared/training/backends/training-backends.ts';
import { cpuCandidate, wasmCandidate } from '#shared/training/backends/wasm-and-cpu.ts';
import { webGpuCandidate } from '#shared/training/backends/webgpu.ts';

const FILES = {
  'tfjs-backend-wasm.wasm': wasmUrl,
  'tfjs-backend-wasm-simd.wasm': simdUrl,
  'tfjs-backend-wasm-threaded-simd.wasm': threadedUrl,
};

/** Of both epochs. */
const BATCHES = 6;
const smallJob = (changes: Partial<TrainJob> = {}) => blobsJob({ examples: blobExamples(48), ...changes });

function backends() {
  const kept = memoryTrial();
  const candidates = [webGpuCandidate(navigator.gpu), wasmCandidate(FILES), cpuCandidate];
  return { chooser: new TrainingBackends(candidates, { nowMs: () => performance.now(), kept }), kept };
}

const deltaOf = async (job: TrainJob) => required(await trainLocally(job)).delta;

function device(): GPUDevice {
  const backend = tf.backend();
  if (!(backend instanceof WebGPUBackend)) throw new Error(`${tf.getBackend()} is no WebGPU`);
  return backend.device;
}

// Shaders are compiled by one core.
const PATIENCE = { timeout: 60_000 };

describe('in Chromium', PATIENCE, () => {
  it('without graphics hardware trains on wasm, and says why', async () => {
    const { chooser } = backends();
    const { name, reason } = required(await chooser.start('auto'));
    expect(name).toBe('wasm');
    expect(tf.getBackend()).toBe('wasm');
    expect(reason).toMatch(
      /^wasm \(SIMD\) took [\d.e+]+ ms .* webgpu is out\. WebGPU has no graphics hardware here/,
    );
  });

  it('takes WebGPU in software where it is asked for', async () => {
    const { chooser } = backends();
    const choice = required(await chooser.start('webgpu'));
    expect(choice).toEqual({ name: 'webgpu', label: 'webgpu (software)', reason: 'It was asked for.' });
    expect(tf.getBackend()).toBe('webgpu');
    expect(await deltaOf(smallJob())).toHaveLength(468);
  });
});

/** What happens to the device in the third batch; the job that it happens to. */
function interrupted(happening: () => void, signal: AbortSignal, batches: string[]): TrainJob {
  return smallJob({
    signal,
    onBatch: ({ batch }) => {
      batches.push(tf.getBackend());
      if (batch === 3 && tf.getBackend() === 'webgpu') happening();
    },
  });
}

describe('a WebGPU device that fails in the middle of a local update', PATIENCE, () => {
  it.each<[string, () => void, RegExp]>([
    [
      'is lost',
      () => device().destroy(),
      /^webgpu \(software\) broke while it trained\. The graphics device was lost\./,
    ],
    [
      'refuses an operation',
      () => void device().createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE }),
      /^webgpu \(software\) broke while it trained\. The graphics device refused an operation: /,
    ],
    [
      'makes tfjs throw',
      () => {
        throw new Error('no memory');
      },
      /^webgpu \(software\) broke while it trained\. It failed: no memory/,
    ],
  ])(
    'when it %s, the update is that of wasm, and the next one trains on wasm at once',
    async (_what, happening, reason) => {
      const { chooser, kept } = backends();
      required(await chooser.start('webgpu'));
      const batches: string[] = [];
      const trained = await chooser.run((broken) => trainLocally(interrupted(happening, broken, batches)));
      expect(batches.slice(0, 3)).toEqual(['webgpu', 'webgpu', 'webgpu']);
      expect(batches.slice(-BATCHES)).toEqual(Array.from({ length: BATCHES }, () => 'wasm'));
      expect(chooser.choice?.name).toBe('wasm');
      expect(chooser.choice?.reason).toMatch(reason);
      // A device that fails now and then has its chance in another page, by another trial.
      expect(await kept.get()).toBeUndefined();

      const next = await chooser.run(() => trainLocally(smallJob()));
      expect(tf.getBackend()).toBe('wasm');
      expect(required(trained).delta).toEqual(required(next).delta);
    },
  );
});
