/**
 * What the training suites measure: one SGD step of two models at batch 32, and a product of 512 × 512
 * matrices. Runs in a worker thread of Node and in a page, on each backend, without or with our kernels.
 */
import * as tf from '@tensorflow/tfjs-core';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
// Registers the gradients: core's Node bundle has none.
import '@tensorflow/tfjs-layers';
import { startCpu, startWasm, type WasmFiles } from '#shared/training/backend.ts';
import { webGpuCandidate } from '#shared/training/backends/webgpu.ts';
import { descend } from '#shared/training/kernels/descend.ts';
import { recordKernels } from './kernel-recorder.ts';
import { BATCH, type ProfiledStep, type Side, type Workload } from './protocol.ts';
import { registerFilterGradient } from './stock-filter-gradient.ts';

const RATE = 0.05;
const MATRIX = 512;
const CLASSES = 10;

/** Ends when the numbers are there; the loss before the step. */
type Step = () => Promise<number>;

export async function startWorkload(files: WasmFiles, side: Side): Promise<Workload> {
  await startSide(files, side);
  const steps = { '2nn': twoLayerStep(), cnn: convolutionalStep(), matmul: matrixStep(side) };
  return {
    run: async (name, repeats) => {
      const step = steps[name];
      const start = performance.now();
      for (let i = 0; i < repeats; i++) await step();
      return (performance.now() - start) / repeats;
    },
    profile: (count) => profile(steps.cnn, count),
  };
}

async function profile(step: Step, count: number): Promise<readonly ProfiledStep[]> {
  const profiled: ProfiledStep[] = [];
  for (let i = 0; i < count; i++) {
    let ms = 0;
    const calls = await recordKernels(async () => {
      const start = performance.now();
      await step();
      ms = performance.now() - start;
    });
    profiled.push({ ms, calls });
  }
  return profiled;
}

/** On wasm, `stock` is TF.js's own kernels plus the filter gradient alone, which it lacks. */
async function startSide(files: WasmFiles, { backend, kernels }: Side): Promise<void> {
  if (backend === 'wasm' && kernels === 'stock') {
    setWasmPaths({ ...files });
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    if (!(await tf.setBackend('wasm'))) throw new Error('wasm did not start');
    return registerFilterGradient();
  }
  const start = {
    wasm: () => startWasm(files),
    cpu: startCpu,
    webgpu: () => webGpuCandidate(navigator.gpu).start(true),
  };
  const started = await start[backend]();
  if (!started.ok) throw new Error(started.fault);
}

/** Values in [−scale, scale), by seed alone. */
function noise(shape: number[], seed: number, scale: number): tf.Tensor {
  return tf.randomUniform(shape, -scale, scale, 'float32', seed);
}

function layer(shape: number[], seed: number): [tf.Variable, tf.Variable] {
  const inputs = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  return [tf.variable(noise(shape, seed, Math.sqrt(3 / inputs))), tf.variable(tf.zeros(shape.slice(-1)))];
}

function trainingStep(variables: tf.Variable[], forward: () => tf.Tensor): Step {
  const labels = Int32Array.from({ length: BATCH }, (_, i) => i % CLASSES);
  const targets = tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), CLASSES), 'float32');
  return async () => {
    const loss = tf.tidy(() => {
      const { value, grads } = tf.variableGrads(
        () => tf.neg<tf.Scalar>(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(forward())), -1))),
        variables,
      );
      for (const variable of variables) descend(variable, grads[variable.name] as tf.Tensor, RATE);
      return value;
    });
    const [read] = await loss.data();
    loss.dispose();
    return read ?? Number.NaN;
  };
}

function dense(x: tf.Tensor, kernel: tf.Variable, bias: tf.Variable): tf.Tensor {
  return tf.add(tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor as tf.Tensor2D), bias);
}

/** 784-200-200-10. */
function twoLayerStep(): Step {
  const x = noise([BATCH, 784], 1, 1);
  const [w1, b1] = layer([784, 200], 2);
  const [w2, b2] = layer([200, 200], 3);
  const [w3, b3] = layer([200, CLASSES], 4);
  return trainingStep([w1, b1, w2, b2, w3, b3], () => {
    const hidden = tf.relu(dense(tf.relu(dense(x, w1, b1)), w2, b2));
    return dense(hidden, w3, b3);
  });
}

/** McMahan 2017's CNN, 1,663,370 parameters: two 5 × 5 convolutions, 32 and 64 wide, each pooled; 512; 10. */
function convolutionalStep(): Step {
  const x = noise([BATCH, 28, 28, 1], 5, 1);
  const [w1, b1] = layer([5, 5, 1, 32], 6);
  const [w2, b2] = layer([5, 5, 32, 64], 7);
  const [w3, b3] = layer([3136, 512], 8);
  const [w4, b4] = layer([512, CLASSES], 9);
  const convolution = (input: tf.Tensor, kernel: tf.Variable, bias: tf.Variable) => {
    const sums = tf.conv2d(input as tf.Tensor4D, kernel as tf.Tensor as tf.Tensor4D, 1, 'same');
    return tf.maxPool(tf.relu<tf.Tensor4D>(tf.add(sums, bias)), 2, 2, 'same');
  };
  return trainingStep([w1, b1, w2, b2, w3, b3, w4, b4], () => {
    const features = convolution(convolution(x, w1, b1), w2, b2);
    return dense(tf.relu(dense(tf.reshape(features, [BATCH, 3136]), w3, b3)), w4, b4);
  });
}

/** [512, 512] · [512, 512]. */
function matrixStep({ backend }: Side): Step {
  const a = noise([MATRIX, MATRIX], 10, 1) as tf.Tensor2D;
  const b = noise([MATRIX, MATRIX], 11, 1) as tf.Tensor2D;
  return async () => {
    const product = tf.matMul(a, b);
    // The others have computed it by now.
    if (backend === 'webgpu') await product.data();
    product.dispose();
    return 0;
  };
}
