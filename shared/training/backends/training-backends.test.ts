import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { fail, ok } from '../../base/result.ts';
import type { BackendName, KeptTrial } from '../../participant/backend-choice.ts';
import { blobExamples, blobsJob } from '../testing.ts';
import { trainLocally } from '../trainer.ts';
import type { Candidate, RunningBackend } from './candidate.ts';
import { memoryTrial, required } from './testing.ts';
import { TrainingBackends } from './training-backends.ts';
import { tryBackend } from './trial.ts';
import { cpuCandidate, wasmCandidate } from './wasm-and-cpu.ts';
import { webGpuCandidate } from './webgpu.ts';

const folder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
const wasm = wasmCandidate({
  'tfjs-backend-wasm.wasm': join(folder, 'tfjs-backend-wasm.wasm'),
  'tfjs-backend-wasm-simd.wasm': join(folder, 'tfjs-backend-wasm-simd.wasm'),
  'tfjs-backend-wasm-threaded-simd.wasm': join(folder, 'tfjs-backend-wasm-threaded-simd.wasm'),
});
/** In the trial as an equal. */
const cpuOnTrial: Candidate = { ...cpuCandidate, lastResort: false };
const absent: Candidate = { ...webGpuCandidate(undefined), start: async () => fail('There is none here.') };

/** A clock by which a reading on each backend takes so long. */
function clockOf(stepMs: Partial<Record<BackendName, number>>): () => number {
  let ms = 0;
  return () => (ms += stepMs[tf.getBackend() as BackendName] ?? 1);
}

function chooserOf(
  candidates: readonly Candidate[],
  stepMs: Partial<Record<BackendName, number>> = {},
  kept = memoryTrial(),
) {
  const chooser = new TrainingBackends(candidates, {
    nowMs: clockOf(stepMs),
    kept,
  });
  return { chooser, kept };
}

/** Starts counted. */
function counted(candidate: Candidate): Candidate & { starts: number } {
  const counting = {
    ...candidate,
    starts: 0,
    start: (wished: boolean) => {
      counting.starts++;
      return candidate.start(wished);
    },
  };
  return counting;
}

describe('the choice of a backend', () => {
  it('is the fastest of a trial, whichever comes first, and the reason tells the times', async () => {
    const { chooser } = chooserOf([wasm, cpuOnTrial], { wasm: 4, cpu: 9 });
    expect(await chooser.start('auto')).toEqual(
      ok({
        name: 'wasm',
        label: 'wasm (SIMD)',
        reason: 'wasm (SIMD) took 4.0 ms for a step of a trial; cpu took 9.0 ms.',
      }),
    );
    expect(tf.getBackend()).toBe('wasm');
    const other = chooserOf([wasm, cpuOnTrial], { wasm: 12, cpu: 3 });
    expect(required(await other.chooser.start('auto')).reason).toBe(
      'cpu took 3.0 ms for a step of a trial; wasm (SIMD) took 12 ms.',
    );
    expect(tf.getBackend()).toBe('cpu');
  });

  it('leaves no tensor behind', async () => {
    await wasm.start(false);
    const before = tf.memory().numTensors;
    required(await chooserOf([wasm]).chooser.start('auto'));
    expect(tf.memory().numTensors).toBe(before);
  });

  it('says why the others are out', async () => {
    const { chooser } = chooserOf([absent, wasm, cpuCandidate], { wasm: 4 });
    expect(required(await chooser.start('auto')).reason).toBe(
      'wasm (SIMD) took 4.0 ms for a step of a trial. webgpu is out. There is none here.',
    );
    const { chooser: inNode } = chooserOf([webGpuCandidate(undefined), wasm], { wasm: 4 });
    expect(required(await inNode.start('auto')).reason).toContain(
      'webgpu is out. This browser offers no WebGPU',
    );
  });

  it('is cpu where nothing else starts, and the reason says that it is slow; this is not kept', async () => {
    const noWasm: Candidate = { ...wasm, start: async () => fail('WebAssembly has no SIMD on this device.') };
    const { chooser, kept } = chooserOf([absent, noWasm, cpuCandidate]);
    const { name, reason } = required(await chooser.start('auto'));
    expect(name).toBe('cpu');
    expect(tf.getBackend()).toBe('cpu');
    expect(reason).toMatch(/^webgpu is out\. .* wasm is out\. WebAssembly has no SIMD .* Plain JavaScript/);
    expect(await kept.get()).toBeUndefined();
  });

  it('is a sentence where nothing starts, and the next call tries again', async () => {
    let there = false;
    const late: Candidate = {
      ...wasm,
      start: async (wished) => (there ? wasm.start(wished) : fail('Not yet.')),
    };
    const { chooser } = chooserOf([late]);
    expect(await chooser.start('auto')).toEqual(
      fail('No backend trains on this device. wasm is out. Not yet.'),
    );
    there = true;
    expect(await chooser.start('auto')).toMatchObject({ ok: true, value: { name: 'wasm' } });
  });

  it('is made once, however often it is asked for', async () => {
    const candidate = counted(wasm);
    const { chooser } = chooserOf([candidate]);
    const [one, two] = await Promise.all([chooser.start('auto'), chooser.start('auto')]);
    // Before the trial, and to be the current one after it.
    expect(candidate.starts).toBe(2);
    expect(two).toEqual(one);
    expect(chooser.choice).toEqual(required(one));
  });

  it('passes over a backend whose numbers are wrong', async () => {
    required(await cpuCandidate.start(false));
    const whole = tf.getKernel('Relu', 'cpu');
    if (!whole) throw new Error('cpu has a Relu');
    tf.unregisterKernel('Relu', 'cpu');
    tf.registerKernel({
      ...whole,
      kernelFunc: (call) => tf.engine().runKernel('Identity', call.inputs as tf.NamedTensorMap),
    });
    try {
      const { chooser } = chooserOf([cpuOnTrial, wasm]);
      expect(required(await chooser.start('auto')).reason).toMatch(
        /cpu is out\. Its numbers are wrong: step 1 /,
      );
      expect(tf.getBackend()).toBe('wasm');
    } finally {
      tf.unregisterKernel('Relu', 'cpu');
      tf.registerKernel(whole);
    }
  });
});

describe('the trial', () => {
  it.each([cpuCandidate, wasm])('knows the losses of $name', async (candidate) => {
    required(await candidate.start(false));
    expect(await tryBackend(clockOf({ [candidate.name]: 5 }))).toEqual(ok(5));
  });

  it('is kept for the device: the next page takes its result without another', async () => {
    const first = chooserOf([wasm, cpuOnTrial], { wasm: 4, cpu: 9 });
    const { reason } = required(await first.chooser.start('auto'));
    const candidates = [counted(cpuOnTrial), counted(wasm)] as const;
    const { chooser } = chooserOf(candidates, {}, first.kept);
    expect(await chooser.start('auto')).toEqual(ok({ name: 'wasm', label: 'wasm (SIMD)', reason }));
    expect(candidates.map(({ starts }) => starts)).toEqual([0, 1]);
  });

  it('is made again where what was kept does not start any more', async () => {
    const kept: KeptTrial = memoryTrial();
    await kept.put({ name: 'webgpu', reason: 'It was the fastest.' });
    const { chooser } = chooserOf([absent, wasm], { wasm: 4 }, kept);
    expect(required(await chooser.start('auto')).name).toBe('wasm');
    expect(await kept.get()).toMatchObject({ name: 'wasm' });
  });
});

describe('a wish', () => {
  it('is met without a trial, also against what is kept, and is not kept itself', async () => {
    const kept = memoryTrial();
    await kept.put({ name: 'wasm', reason: 'It was the fastest.' });
    const { chooser } = chooserOf([wasm, cpuCandidate], {}, kept);
    expect(await chooser.start('cpu')).toEqual(
      ok({ name: 'cpu', label: 'cpu', reason: 'It was asked for.' }),
    );
    expect(await kept.get()).toEqual({ name: 'wasm', reason: 'It was the fastest.' });
  });

  it('that cannot be met gives way to a trial', async () => {
    const { chooser, kept } = chooserOf([absent, wasm], { wasm: 4 });
    expect(required(await chooser.start('webgpu'))).toMatchObject({
      name: 'wasm',
      reason: /^webgpu was asked for and did not start\. There is none here\. wasm \(SIMD\) took 4\.0 ms/,
    });
    expect(await kept.get()).toBeUndefined();
  });
});

/** wasm as a backend that breaks when it is told to. */
function brittle() {
  const broken = new AbortController();
  let fault: string | null = null;
  const running: RunningBackend = {
    label: 'brittle',
    broken: broken.signal,
    fault: async () => fault,
    breaksOn: (error) => error instanceof RangeError,
  };
  const candidate: Candidate = {
    ...wasm,
    name: 'webgpu',
    start: async (wished) => {
      const started = await wasm.start(wished);
      return started.ok ? ok(running) : started;
    },
  };
  const breakDown = () => {
    fault = 'It fell.';
    broken.abort();
  };
  return { candidate, breakDown };
}

describe('a local update on a backend that breaks', () => {
  const job = (signal: AbortSignal, onBatch = () => {}) =>
    blobsJob({ examples: blobExamples(48), signal, onBatch });

  it('stops within the batch in hand, and is made again on the next', async () => {
    const { candidate, breakDown } = brittle();
    const { chooser, kept } = chooserOf([candidate, cpuCandidate]);
    required(await chooser.start('auto'));
    expect(await kept.get()).toMatchObject({ name: 'webgpu' });
    let batches = 0;
    const trained = await chooser.run((broken) =>
      trainLocally(
        job(broken, () => {
          if (++batches === 2) breakDown();
        }),
      ),
    );
    expect(batches).toBe(2 + 6);
    expect(required(trained).examples).toBe(48);
    expect(chooser.choice?.name).toBe('cpu');
    expect(chooser.choice?.reason).toMatch(/^brittle broke while it trained\. It fell\. /);
    // The next page makes a trial of its own.
    expect(await kept.get()).toBeUndefined();
  });

  it('is made again also where it seemed to end well, for what it gave cannot be trusted', async () => {
    const { candidate, breakDown } = brittle();
    const { chooser } = chooserOf([candidate, cpuCandidate]);
    required(await chooser.start('auto'));
    const results = ['wrong', 'right'];
    const result = await chooser.run(async () => {
      if (tf.getBackend() === 'wasm') breakDown();
      return results.shift();
    });
    expect(result).toBe('right');
  });

  it('is made again where the error is the backend’s own, and thrown on where it is not', async () => {
    const { candidate } = brittle();
    const { chooser } = chooserOf([candidate, cpuCandidate]);
    required(await chooser.start('auto'));
    await expect(chooser.run(async () => Promise.reject(new TypeError('ours')))).rejects.toThrow('ours');
    expect(chooser.choice?.name).toBe('webgpu');
    const name = await chooser.run(async () => {
      if (tf.getBackend() === 'wasm') throw new RangeError('out of memory');
      return tf.getBackend();
    });
    expect(name).toBe('cpu');
    expect(chooser.choice?.reason).toMatch(/It failed: out of memory/);
  });

  it('is replaced once, though an evaluation on it was under way, too', async () => {
    const { candidate, breakDown } = brittle();
    const cpu = counted(cpuCandidate);
    const { chooser } = chooserOf([candidate, cpu]);
    required(await chooser.start('auto'));
    const evaluated = Promise.withResolvers<void>();
    const results = await Promise.all([
      chooser.run(async () => {
        if (tf.getBackend() === 'wasm') breakDown();
        return tf.getBackend();
      }),
      chooser.run(async () => {
        if (tf.getBackend() === 'wasm') await evaluated.promise;
        return tf.getBackend();
      }),
      // Begins while the next backend is being started, and waits for it.
      Promise.resolve().then(() => chooser.run(async () => tf.getBackend())),
      // By now the first has its next backend; the second learns late that its own had broken.
      new Promise<void>((resolve) => setImmediate(resolve)).then(() => evaluated.resolve()),
    ]);
    expect(results.slice(0, 3)).toEqual(['cpu', 'cpu', 'cpu']);
    expect(cpu.starts).toBe(1);
    expect(chooser.choice?.name).toBe('cpu');
  });

  it('is an error where no other backend is left', async () => {
    const { candidate, breakDown } = brittle();
    const { chooser } = chooserOf([candidate]);
    required(await chooser.start('auto'));
    await expect(chooser.run(async () => breakDown())).rejects.toThrow(/No backend trains on this device/);
  });
});
