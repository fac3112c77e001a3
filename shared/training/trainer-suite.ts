/** What the trainer promises, run in Node and in a browser on the wasm backend. */
import { sha256 } from '@noble/hashes/sha2.js';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { bytesToHex } from '../base/bytes.ts';
import { bytesOfParameters } from '../tasks/parameters.ts';
import { buildModel, type BuiltModel } from './build.ts';
import { evaluate } from './evaluation.ts';
import { lossOf } from './losses.ts';
import { BLOBS_DELTA_SHA256, blobExamples, blobsJob, blobsTask } from './testing.ts';
import { AdjustablePace } from './pace.ts';
import { macrotasks, trainLocally } from './trainer.ts';

async function deltaOf(job = blobsJob()): Promise<Float32Array> {
  const trained = await trainLocally(job);
  if (!trained.ok) throw new Error(trained.fault.detail);
  return trained.value.delta;
}

/** Lets what is due on this thread run, so many times. */
async function takeTurns(count: number): Promise<void> {
  const breaks = macrotasks();
  for (let i = 0; i < count; i++) await breaks.next();
  breaks.close();
}

/** The backend must be started. */
export function trainerSuite(): void {
  it('learns: the loss falls and examples it has not seen are classified', async () => {
    const job = blobsJob();
    const losses: number[] = [];
    const delta = await deltaOf({ ...job, onBatch: ({ loss }) => losses.push(loss) });
    expect(losses).toHaveLength(26);
    const parameters = job.parameters.map((value, i) => value + (delta[i] ?? 0));
    const before = await evaluate(blobsTask.model, job.parameters, blobExamples(400));
    const after = await evaluate(blobsTask.model, parameters, blobExamples(400));
    expect(after.loss).toBeLessThan(before.loss / 2);
    expect(after.accuracy).toBeGreaterThan(0.95);
  });

  it('gives the same bits for the same job, in Node and in a tab, and others for another shuffle', async () => {
    const delta = await deltaOf();
    expect(await deltaOf()).toEqual(delta);
    expect(await deltaOf(blobsJob({ shuffleLabel: 'another' }))).not.toEqual(delta);
    expect(bytesToHex(sha256(bytesOfParameters(delta)))).toBe(BLOBS_DELTA_SHA256);
  });

  it('steps along the gradient that finite differences give', () => {
    const { parameters, examples } = blobsJob();
    // Without kinks, so that a difference is a derivative.
    const layers = blobsTask.model.layers.map((layer) =>
      layer.kind === 'dense' ? { ...layer, activation: 'linear' as const } : layer,
    );
    const specification = { ...blobsTask.model, layers };
    const modelLoss = (model: BuiltModel) => {
      const x = tf.tensor(examples.inputs, [examples.count, ...specification.inputShape]);
      const labels = tf.tensor1d(Int32Array.from(examples.labels), 'int32');
      return lossOf(specification.loss, model.forward(x), labels);
    };
    const lossAt = (at: Float32Array): number => {
      const model = buildModel(specification, at);
      const loss = tf.tidy(() => modelLoss(model).dataSync()[0]);
      model.dispose();
      return loss ?? Number.NaN;
    };
    const model = buildModel(specification, parameters);
    const gradient = tf.tidy(() => {
      const { grads } = tf.variableGrads(() => modelLoss(model), [...model.variables]);
      return model.variables.flatMap((variable) => [...(grads[variable.name]?.dataSync() ?? [])]);
    });
    model.dispose();
    const h = 1e-2;
    for (const i of [0, 37, 200, 384, 395, 400, 440, 467]) {
      const [up = 0, down = 0] = [h, -h].map((step) =>
        lossAt(parameters.map((value, j) => (j === i ? value + step : value))),
      );
      expect((up - down) / (2 * h)).toBeCloseTo(gradient[i] ?? Number.NaN, 4);
    }
  });

  it('leaves no tensor behind after 100 steps, after a fault, or after a cancellation', async () => {
    const before = tf.memory().numTensors;
    await deltaOf(blobsJob({ training: { ...blobsTask.training, epochs: 8 } }));
    expect(tf.memory().numTensors).toBe(before);

    const aborted = new AbortController();
    await trainLocally(blobsJob({ signal: aborted.signal, onBatch: () => aborted.abort() }));
    const bad = blobsJob();
    await trainLocally({
      ...bad,
      examples: { ...bad.examples, inputs: bad.examples.inputs.map(() => Number.NaN) },
    });
    await evaluate(blobsTask.model, bad.parameters, bad.examples);
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    ['the third batch', 3],
    ['the last', 26],
  ])('stops within the batch in hand when it is cancelled: in %s', async (_what, last) => {
    const controller = new AbortController();
    let batches = 0;
    const trained = await trainLocally(
      blobsJob({
        signal: controller.signal,
        onBatch: () => {
          if (++batches === last) controller.abort();
        },
      }),
    );
    expect(batches).toBe(last);
    expect(trained.ok ? null : trained.fault.code).toBe('cancelled');
  });

  it('a loss that is not finite is a fault, and so are weights that overflow', async () => {
    const job = blobsJob();
    const inputs = job.examples.inputs.map((value, i) => (i === 30 ? Number.POSITIVE_INFINITY : value));
    const trained = await trainLocally({ ...job, examples: { ...job.examples, inputs } });
    expect(trained.ok ? null : trained.fault.code).toBe('non-finite');
    const exploding = await trainLocally(
      blobsJob({ training: { ...blobsTask.training, learningRate: 1e38 } }),
    );
    expect(exploding.ok ? null : exploding.fault.code).toBe('non-finite');
  });

  it('an update that explodes is a fault: its norm is beyond the bound, though every number is finite', async () => {
    const delta = await deltaOf();
    const norm = Math.hypot(...delta);
    const training = { ...blobsTask.training, updateNormMax: norm * 1.01 };
    expect((await trainLocally(blobsJob({ training }))).ok).toBe(true);
    const beyond = await trainLocally(blobsJob({ training: { ...training, updateNormMax: norm * 0.99 } }));
    expect(beyond).toMatchObject({
      ok: false,
      fault: { code: 'exploded', detail: /its norm is \d/ },
    });
    const far = await trainLocally(blobsJob({ training: { ...blobsTask.training, learningRate: 1e6 } }));
    expect(far).toMatchObject({ ok: false, fault: { detail: /more than 1000/, code: 'exploded' } });
  });

  it('examples that do not fit the model are a fault', async () => {
    const { examples } = blobsJob();
    const wrong = { ...examples, labels: examples.labels.map((label) => label + 4) };
    const trained = await trainLocally(blobsJob({ examples: wrong }));
    expect(trained).toMatchObject({
      ok: false,
      fault: { code: 'unfit-data', detail: /has label \d, the model knows 0 to 3/ },
    });
  });

  it('a schedule whose rate was not resolved is our own bug', async () => {
    const training = { ...blobsTask.training, schedule: { kind: 'constant' } as const };
    await expect(trainLocally(blobsJob({ training }))).rejects.toThrow(/schedule/);
  });

  it('pauses after the batch in hand, goes on where it was, and gives the same bits', async () => {
    const pace = new AdjustablePace({ nowMs: () => 0, after: () => () => {} });
    let batches = 0;
    const paused = Promise.withResolvers<void>();
    const training = trainLocally(
      blobsJob({
        onBatch: () => {
          if (++batches !== 5) return;
          pace.pause();
          paused.resolve();
        },
      }),
      undefined,
      pace,
    );
    await paused.promise;
    await takeTurns(20);
    expect(batches).toBe(5);
    pace.resume();
    const trained = await training;
    expect(batches).toBe(26);
    expect(trained.ok ? trained.value.delta : null).toEqual(await deltaOf());
  });

  it.each(['paused', 'at rest'])('is cancelled while it is %s', async (how) => {
    // Time passes with each look at the clock; no timer ever ends.
    let nowMs = 0;
    const pace = new AdjustablePace({ nowMs: () => nowMs++, after: () => () => {} });
    const controller = new AbortController();
    let batches = 0;
    const waiting = Promise.withResolvers<void>();
    const training = trainLocally(
      blobsJob({
        signal: controller.signal,
        onBatch: () => {
          batches++;
          if (how === 'paused') pace.pause();
          else pace.setDuty(50);
          waiting.resolve();
        },
      }),
      undefined,
      pace,
    );
    await waiting.promise;
    await takeTurns(20);
    controller.abort();
    expect(await training).toMatchObject({ ok: false, fault: { code: 'cancelled' } });
    expect(batches).toBe(1);
  });

  // Seconds on a busy machine.
  it(
    'keeps tensors and bytes flat over 200 rounds of the dearest descent',
    { timeout: 120_000 },
    async () => {
      const { examples } = blobsJob();
      const few = {
        count: 32,
        inputs: examples.inputs.subarray(0, 32 * 24),
        labels: examples.labels.subarray(0, 32),
      };
      const training = {
        ...blobsTask.training,
        epochs: 1,
        optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
        fedProx: { mu: 0.1 },
        clipNorm: 1,
      } as const;
      const size = () => [tf.memory().numTensors, tf.memory().numBytes, tf.memory().numDataBuffers];
      await deltaOf(blobsJob({ examples: few, training }));
      const before = size();
      for (let round = 0; round < 200; round++) await deltaOf(blobsJob({ examples: few, training }));
      expect(size()).toEqual(before);
    },
  );

  it('gives the thread back between batches', async () => {
    let turns = 0;
    let running = true;
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      turns++;
      if (running) channel.port2.postMessage(null);
    };
    channel.port2.postMessage(null);
    let batches = 0;
    await deltaOf(blobsJob({ onBatch: () => batches++ }));
    running = false;
    channel.port1.close();
    channel.port2.close();
    expect(turns).toBeGreaterThanOrEqual(batches - 1);
  });
}
