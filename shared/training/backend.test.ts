import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { ok } from '../base/result.ts';
import { startBackend } from './backend.ts';
import { wasmCandidate } from './backends/wasm-and-cpu.ts';
import { blobExamples, blobsJob } from './testing.ts';
import { trainLocally } from './trainer.ts';

const SIMD = 'WASM_HAS_SIMD_SUPPORT';
const FILES = {
  'tfjs-backend-wasm.wasm': 'nowhere',
  'tfjs-backend-wasm-simd.wasm': 'nowhere',
  'tfjs-backend-wasm-threaded-simd.wasm': 'nowhere',
};

describe('a device whose WebAssembly has no SIMD', () => {
  beforeAll(() => tf.env().set(SIMD, false));

  it('trains on cpu, without a look at the wasm files', async () => {
    expect(await startBackend(FILES)).toEqual(ok('cpu'));
    expect(tf.getBackend()).toBe('cpu');
    expect(await trainLocally(blobsJob({ examples: blobExamples(32) }))).toMatchObject({ ok: true });
  });

  it('is told so by the candidate', async () => {
    const started = await wasmCandidate(FILES).start(false);
    expect(started).toEqual({ ok: false, fault: 'WebAssembly has no SIMD on this device.' });
    expect(tf.getBackend()).toBe('cpu');
  });
});
